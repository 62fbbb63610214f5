"""The `webhooks` of the service's own file."""

from pathlib import Path

import pytest

from controller.core.campaign import Selector
from controller.core.signals import Limits, Opening
from controller.rules.problem import RulesError
from controller.settings import CredentialKey, FileKey, Settings, WebhookSettings, load_settings

CANARY = "sk-canary-0123456789"
WORKSPACES = "workspaces: {main: {base_url: 'https://h/api/', api_key: {env: KEY}}}\n"
FULL = """webhooks:
  alertmanager:
    kind: alertmanager
    token: {credential: alertmanager}
    quiet: 5m
    longest: 4h
    opens:
      - labels: {alertname: CarrierDown, trunk: "3*"}
        match: {campaigns: [us-renewals]}
        reason: The carrier
          is down
      - labels: {severity: page}
        everything: true
  pager:
    kind: signed
    secret: {file: secrets/pager}
    quiet: 0s
    longest: 8h
    opens: [{labels: {team: dialing}}]
"""
PAGER = """webhooks:
  pager: {kind: signed, secret: {env: S}, quiet: 0s, longest: 8h, opens: [{labels: {a: b}}]}
"""
TOKEN_IS_GIVEN = "write {env: NAME}, {file: PATH} or {credential: NAME}, never the token itself"
SECRET_IS_GIVEN = TOKEN_IS_GIVEN.replace("token", "secret")


def load(folder: Path, text: str) -> Settings:
    file = folder / "controller.yaml"
    file.write_text(WORKSPACES + text)
    return load_settings(file)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load(folder, text)
    return [str(problem).removeprefix(f"{folder}/controller.yaml:") for problem in caught.value.problems]


def test_there_are_none_unless_they_are_written(tmp_path: Path) -> None:
    assert load(tmp_path, "").webhooks == {}


def test_each_says_who_sends_what_opens_and_for_how_long(tmp_path: Path) -> None:
    assert load(tmp_path, FULL).webhooks == {
        "alertmanager": WebhookSettings(
            "alertmanager",
            "alertmanager",
            CredentialKey("alertmanager", "token"),
            Limits(300, 14_400),
            (
                Opening(
                    {"alertname": "CarrierDown", "trunk": "3*"},
                    Selector(campaigns=("us-renewals",)),
                    reason="The carrier is down",
                ),
                Opening({"severity": "page"}, everything=True),
            ),
        ),
        "pager": WebhookSettings(
            "pager",
            "signed",
            FileKey(tmp_path / "secrets/pager", "secret"),
            Limits(0, 28_800),
            (Opening({"team": "dialing"}),),
        ),
    }


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        (
            "kind: signed",
            "kind: sign",
            "3:17: webhooks.pager.kind: 'sign' is not a choice here, write alertmanager or signed",
        ),
        ("kind: signed, ", "", "3:3: webhooks.pager.kind: is missing, write alertmanager or signed"),
        ("secret: {env: S}, ", "", "3:10: webhooks.pager: signed needs a secret, write secret: {credential: NAME}"),
        (
            "secret:",
            "token: {env: T}, secret:",
            "3:10: webhooks.pager: signed takes a secret and no token, remove it",
        ),
        (
            "kind: signed",
            "kind: alertmanager",
            "3:10: webhooks.pager: alertmanager takes a token and no secret, remove it",
        ),
        ("{env: S}", CANARY, f"3:33: webhooks.pager.secret: it does not say where the secret is, {SECRET_IS_GIVEN}"),
        ("quiet: 0s", "quiet: 5", "webhooks.pager.quiet: 5 has no unit, write 5s, 5m or 5h"),
        ("longest: 8h", "longest: 0h", "webhooks.pager.longest: 0h is no time at all, write at least 1s"),
        ("longest: 8h", "longest: 25h", "webhooks.pager.longest: 25h is longer than a day, write at most 24h"),
        (", longest: 8h", "", "webhooks.pager.longest: is missing, write after how long one that never resolves"),
        ("opens: [{labels: {a: b}}]", "opens: []", "webhooks.pager.opens: it is empty, write a list such as"),
        (
            "labels: {a: b}",
            "labels: {}",
            "webhooks.pager.opens[0].labels: it is empty, write the labels that must match",
        ),
        ("labels: {a: b}", "labels: {a: 3}", "webhooks.pager.opens[0].labels.a: 3 is not text, put it in quotes"),
        ("labels: {a: b}", "label: {a: b}", "webhooks.pager.opens[0].label: unknown key, did you mean 'labels'?"),
        (
            "labels: {a: b}",
            "labels: {a: b}, match: {names: ['*']}, everything: true",
            "webhooks.pager.opens[0]: everything leaves nothing to match, remove one of both",
        ),
        ("pager:", "a/b:", "3:3: webhooks.a/b: it is no webhook's name, write at most 63 letters"),
    ],
)
def test_a_slip_in_a_webhook_is_told_with_its_place_and_what_would_be_right(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    text = PAGER
    assert right in text
    found = problems(tmp_path, text.replace(right, wrong))
    assert any(problem in line for line in found), found
    assert CANARY not in "".join(found)


def test_a_secret_that_was_written_into_the_file_is_never_repeated(tmp_path: Path) -> None:
    for written in (f"{{{CANARY}: x}}", f"{{env: X, {CANARY}: Y}}", f"{{file: &a X, file: {CANARY}}}", f"[{CANARY}]"):
        found = problems(tmp_path, PAGER.replace("{env: S}", written))
        assert found
        assert CANARY not in "".join(found)
        assert all("webhooks.pager.secret: " in line and SECRET_IS_GIVEN in line for line in found)
