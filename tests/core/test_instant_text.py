from zoneinfo import ZoneInfo

import pytest

from controller.core.instant_text import local_text, rfc3339
from tests.core.build import at


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (at("2026-11-23T14:05:00-05:00"), "2026-11-23T19:05:00Z"),
        (float(at("2026-11-23T19:05")), "2026-11-23T19:05:00Z"),
        (at("2026-11-23T19:05") + 0.25, "2026-11-23T19:05:00.250Z"),
    ],
)
def test_instants_are_shown_in_utc_with_a_fraction_only_where_there_is_one(instant: float, text: str) -> None:
    assert rfc3339(instant) == text


def test_local_text_tells_the_two_readings_of_a_repeated_hour_apart() -> None:
    new_york = ZoneInfo("America/New_York")
    assert local_text(at("2026-11-01T05:30"), new_york) == "Sun 2026-11-01 01:30 EDT"
    assert local_text(at("2026-11-01T06:30"), new_york) == "Sun 2026-11-01 01:30 EST"
