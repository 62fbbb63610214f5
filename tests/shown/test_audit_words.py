import pytest

from controller.core.decision import Reason
from controller.core.finding import FindingKind
from controller.shown.audit_words import event_title, why_text, why_title


@pytest.mark.parametrize(
    ("event", "title"),
    [
        ("job.paused", "Job paused"),
        ("incident.opened", "Incident opened"),
        ("schedule.drifted", "Provider schedule differs"),
        ("job.dialed_forbidden", "Job dialed when it must not"),
        ("claim.resumed_by_others", "Claim resumed by others"),
    ],
)
def test_an_event_has_a_title(event: str, title: str) -> None:
    assert event_title(event) == title


@pytest.mark.parametrize("code", [*Reason, *FindingKind, "adopted", "some_other"])
def test_no_reason_is_told_as_a_code(code: str) -> None:
    assert "_" not in why_title(str(code))
    assert why_title(str(code))[0].isupper()


def test_no_reason_is_no_title() -> None:
    assert why_title(None) == ""


def test_the_other_reasons_of_a_detail_are_told_in_words() -> None:
    assert why_text("storm: one-way audio; also outside_hours (floor: no window is open)", {}) == (
        "storm: one-way audio; also outside hours (floor: no window is open)"
    )


def test_what_a_line_knows_beside_its_reason_is_told() -> None:
    assert why_text(None, {"seconds": 12.345}) == "for 12 s"
    assert why_text(None, {"problems": ["a.yaml:1:1: wrong", "b.yaml:2:2: wrong too"], "of": 2}) == (
        "a.yaml:1:1: wrong; b.yaml:2:2: wrong too"
    )
    assert why_text("storm", {"via": "page"}) == "storm"
