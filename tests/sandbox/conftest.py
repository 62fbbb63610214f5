"""A clock that tests move by hand, and a workspace that dials by it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from controller.core.calendar import Calendar, SpecialDates, Window
from controller.sandbox import Sandbox

KEY = "key-of-the-sandbox"


class HandClock:
    """Stands still until a test moves it; nobody who sleeps on it ever wakes."""

    rate = 1.0

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.now()

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        await asyncio.Event().wait()


@pytest.fixture(scope="session")
def make_clock() -> type[HandClock]:
    """For tests that want several."""
    return HandClock


@pytest.fixture
def clock() -> HandClock:
    """Tuesday 2026-11-24 15:00 UTC, which is 10:00 in New York."""
    return HandClock(datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp())


@pytest.fixture
def sandbox(clock: HandClock) -> Sandbox:
    """One that listens nowhere: tests step it by hand."""
    return Sandbox(clock, KEY)


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    """The same sandbox, listening on loopback."""
    async with sandbox:
        yield sandbox


@pytest.fixture
async def http(served: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the right key; paths are relative to the base URL."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(f"{served.base_url}/", headers=headers) as session:
        yield session


@pytest.fixture
def make_calendar() -> Callable[..., Calendar]:
    """Build a calendar from windows in hours: `hours={0: [(9, 17)]}`, weekdays from Monday = 0."""
    return _calendar


def _calendar(
    zone: str = "America/New_York",
    *,
    hours: dict[int, list[tuple[float, float]]],
    holidays: dict[date, tuple[str, ...]] | None = None,
    holiday_years: range | None = None,
    **dates: Any,
) -> Calendar:
    def windows(pairs: list[tuple[float, float]]) -> tuple[Window, ...]:
        return tuple(Window(round(start * 60), round(end * 60)) for start, end in pairs)

    special = SpecialDates(
        exact={day: windows(pairs) for day, pairs in dates.get("exact", {}).items()},
        ranges=tuple((first, last, windows(pairs)) for first, last, pairs in dates.get("ranges", ())),
        yearly={day: windows(pairs) for day, pairs in dates.get("yearly", {}).items()},
        yearly_ranges=tuple((first, last, windows(pairs)) for first, last, pairs in dates.get("yearly_ranges", ())),
    )
    week = tuple(windows(hours.get(weekday, [])) for weekday in range(7))
    return Calendar("floor", ZoneInfo(zone), week, holidays or {}, holiday_years, special)
