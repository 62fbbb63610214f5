"""The `web` section of the service's file: tokens and the names by which the listener may be called."""

from pathlib import Path

import pytest

from controller.rules.problem import RulesError
from controller.settings import CredentialKey, FileKey, KeyUnreadable, WebSettings, load_settings

CANARY = "sk-canary-0123456789"
SMALLEST = "workspaces: {main: {base_url: 'https://h/api/', api_key: {env: KEY}}}\n"
HOST = "write a name such as dialer.example, without scheme and port"


def load(folder: Path, web: str) -> WebSettings:
    file = folder / "controller.yaml"
    file.write_text(f"{SMALLEST}{web}\n")
    return load_settings(file).web


def problem(folder: Path, web: str) -> str:
    """The one problem of the section, without the file's name."""
    with pytest.raises(RulesError) as caught:
        load(folder, web)
    (found,) = caught.value.problems
    return str(found).removeprefix(f"{folder}/controller.yaml:")


def test_the_section_says_who_may_use_the_listener(tmp_path: Path) -> None:
    hosts = "[Dialer.example, '[::2]', dialer.example, 10.0.0.1]"
    web = load(tmp_path, f"web: {{read_token: {{file: t/read}}, write_token: {{credential: write}}, hosts: {hosts}}}")
    assert web == WebSettings(
        FileKey(tmp_path / "t/read", "read token"),
        CredentialKey("write", "write token"),
        ("dialer.example", "::2", "10.0.0.1"),
    )


def test_without_it_reading_is_open_and_nothing_is_changed_there(tmp_path: Path) -> None:
    assert load(tmp_path, "") == WebSettings(None, None, ())


@pytest.mark.parametrize(
    ("web", "wrong"),
    [
        ("web: on", "2:6: web: 'on' is not a mapping, write a mapping such as {write_token: {credential: NAME}}"),
        ("web: {tokens: x}", "2:7: web.tokens: unknown key, did you mean 'read_token'?"),
        (
            "web: {hosts: []}",
            "2:14: web.hosts: it is empty, write a list of names such as [dialer.example], or remove the key",
        ),
        ("web: {hosts: ['https://x.example']}", f"2:15: web.hosts[0]: 'https://x.example' is not a host, {HOST}"),
        ("web: {hosts: ['x.example:80']}", f"2:15: web.hosts[0]: 'x.example:80' is not a host, {HOST}"),
        ("web: {hosts: ['*']}", f"2:15: web.hosts[0]: '*' is not a host, {HOST}"),
    ],
)
def test_a_slip_in_it_is_told_with_its_place_and_what_would_be_right(tmp_path: Path, web: str, wrong: str) -> None:
    assert problem(tmp_path, web) == wrong


@pytest.mark.parametrize("name", ["read_token", "write_token"])
@pytest.mark.parametrize("written", [CANARY, f"{{{CANARY}: x}}", f"{{env: {CANARY}}}", f"[{CANARY}]"])
def test_a_token_that_was_written_into_the_file_is_never_repeated(tmp_path: Path, name: str, written: str) -> None:
    found = problem(tmp_path, f"web: {{{name}: {written}}}")
    assert f"web.{name}: " in found
    assert found.endswith("write {env: NAME}, {file: PATH} or {credential: NAME}, never the token itself")
    assert CANARY not in found


def test_a_token_that_cannot_be_read_is_called_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web = load(tmp_path, "web: {read_token: {file: t}, write_token: {env: CONTROLLER_TEST_TOKEN}}")
    assert web.read_token is not None
    assert web.write_token is not None
    monkeypatch.delenv("CONTROLLER_TEST_TOKEN", raising=False)
    with pytest.raises(KeyUnreadable, match=r"CONTROLLER_TEST_TOKEN is not set, set it to the write token$"):
        web.write_token.read()
    with pytest.raises(KeyUnreadable, match=r"the token file .*/t cannot be read: No such file or directory$"):
        web.read_token.read()
    (tmp_path / "t").write_text(f"{CANARY} {CANARY}")
    with pytest.raises(KeyUnreadable, match=r"unusual characters within the token, write the token alone$"):
        web.read_token.read()
