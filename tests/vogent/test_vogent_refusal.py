"""How long an answer asks to wait."""

import pytest

from controller.vogent.refusal import Kind, refusal, retry_after

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("60", 60.0),
        ("61", 60.0),
        ("9" * 5000, 60.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Thu, 22 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 09:28:30 +0200", 30.0),
        ("Wed, 21 Oct 2026 07:28:30 -0000", None),
        ("Wed, 99 Oct 2026 07:28:30 GMT", None),
        ("Fri, 01 Jan 99999 00:00:00 GMT", None),
        ("", None),
        ("-5", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_clamped(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value, "Date": DATE}) == seconds


def test_an_absent_retry_after_asks_for_nothing() -> None:
    assert retry_after({"Date": DATE}) is None


@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}])
def test_a_date_to_wait_for_means_nothing_in_an_answer_without_a_date_of_its_own(date: dict[str, str]) -> None:
    assert retry_after({"Retry-After": DATE, **date}) is None


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_no_refusal(kind: Kind, status: int) -> None:
    assert refusal(kind, "x", status, {}) is None
