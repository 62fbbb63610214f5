"""The tokens of the HTTP API, before anybody needs them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.doctor.check import Check, Verdict
from controller.doctor.tokens import check_tokens
from controller.settings import Settings

URL = "https://api.example.com/api"
WEB = "web: {read_token: {file: read}, write_token: {file: write}}"


def told(checks: list[Check]) -> list[tuple[str, Verdict]]:
    return [(check.about, check.verdict) for check in checks]


@pytest.fixture
def settings(settings_with: Callable[..., Settings], tmp_path: Path) -> Callable[..., Settings]:
    """With two good tokens, unless a test writes others."""
    for name in ("read", "write"):
        (tmp_path / name).write_text("t" * 16)
    return lambda *more: settings_with(*more, main=(URL, "{env: STAGE_KEY}"))


def test_tokens_that_are_long_enough_are_fine(settings: Callable[..., Settings]) -> None:
    assert told(check_tokens(settings(WEB))) == [("read token", Verdict.OK), ("write token", Verdict.OK)]


def test_a_token_that_is_missing_or_can_be_guessed_is_wrong(settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "read").unlink()
    (tmp_path / "write").write_text("secret-15-chars")
    read, write = check_tokens(settings(WEB))
    assert (read.verdict, write.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert "cannot be read" in read.seen
    assert write.seen == "it has only 15 characters, so it could be guessed"
    assert "secret" not in write.seen + write.todo


def test_the_secrets_of_webhooks_are_looked_at_too(settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("short")
    opens = "quiet: 0s, longest: 1h, opens: [{labels: {alertname: X}}]"
    hooks = f"webhooks: {{pager: {{kind: signed, secret: {{file: hook}}, {opens}}}}}"
    [check] = check_tokens(settings(hooks))
    assert (check.about, check.verdict) == ("secret of webhook pager", Verdict.FAIL)


@pytest.mark.parametrize(
    ("listen", "verdicts"),
    [
        ("127.0.0.1:1", []),
        ("localhost:1", []),
        ("off", []),
        ("0.0.0.0:1", [("read token", Verdict.WARN)]),
        ("dialer.example:1", [("read token", Verdict.WARN)]),
    ],
)
def test_whoever_reaches_an_open_address_may_look_without_a_read_token(
    settings: Callable[..., Settings], listen: str, verdicts: list[tuple[str, Verdict]]
) -> None:
    assert told(check_tokens(settings(f"listen: {listen}"))) == verdicts
