"""A campaign's week as it is drawn: the SVG read again, for tests that ask what stands where."""

from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

from controller.core.calendar import Calendar
from controller.core.campaign import Incident
from controller.core.rulebook import Rulebook
from controller.shown.timeline import timeline
from controller.shown.week import Week, week_lines, week_of
from tests.core.build import at, campaign, job, rules

SVG = "{http://www.w3.org/2000/svg}"


def week(floor: Calendar, now: str, incidents: Iterable[Incident] = (), schedules: Iterable[str | None] = ()) -> Week:
    """Of a campaign `renewals` with this calendar, that closes a minute early, and a job for each schedule."""
    book = Rulebook(rules(campaign(floor, close_early=60)))
    jobs = [job(id=f"job-{number}", schedule=schedule) for number, schedule in enumerate(schedules)]
    return week_of(book, book.campaigns["renewals"], incidents, jobs, at(now))


class Drawing:
    """Of one week. A day is named by its place, from 0; times are hours of its ruler, to the minute."""

    def __init__(self, of: Week) -> None:
        self.text = timeline(of)
        self.root = ET.fromstring(self.text)  # noqa: S314 - our own
        self.lines = week_lines(of)
        self._days = self.root.findall(f"{SVG}g")

    def words(self, day: int) -> str:
        """The line above the strip."""
        line = self._days[day].find(f"{SVG}text[@class='tl-words']")
        assert line is not None
        return " ".join(part for each in line if (part := each.text))

    def boxes(self, day: int, name: str) -> list[tuple[str, str]]:
        """From when to when there is a box of this class; it ends with `^` or `_` where it is half as high."""
        rects = list(self._days[day].iter(f"{SVG}rect"))
        top = min(float(each.get("y", "")) for each in rects)
        return [_spoken(each, top) for each in rects if each.get("class") == f"tl-{name}"]

    def labels(self, day: int) -> list[str]:
        return [text.text or "" for each in self._days[day].iter(f"{SVG}svg") for text in each]

    def now(self) -> list[tuple[int, str]]:
        """The days on which now is marked, and where."""
        return [
            (number, _clock(line.get("x1")))
            for number, day in enumerate(self._days)
            for line in day.iter(f"{SVG}line")
            if line.get("class") == "tl-now"
        ]

    def attributes(self) -> set[str]:
        return {name for each in self.root.iter() for name in each.attrib}


def drawn(*args: Any, **more: Any) -> Drawing:
    """A week's drawing."""
    return Drawing(week(*args, **more))


def _percent(text: str | None) -> float:
    assert text is not None
    assert text.endswith("%")
    return float(text[:-1])


def _clock(text: str | None) -> str:
    hours, minutes = divmod(round(_percent(text) / 100 * 1440), 60)
    return f"{hours:02}:{minutes:02}"


def _spoken(box: ET.Element, top: float) -> tuple[str, str]:
    start = _percent(box.get("x"))
    half = "" if float(box.get("height", "")) != 8 else "^" if float(box.get("y", "")) == top else "_"
    return _clock(f"{start}%"), _clock(f"{start + _percent(box.get('width'))}%") + half
