"""Public holidays of a country, from the `holidays` package.

The package takes half a second to import, so it is imported where it is first needed: load rules off the event loop.
Names are English (`en_US`) wherever the package has them in English, so that `without` reads the same everywhere;
elsewhere they are in the country's default language.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module, metadata
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from controller.rules.wording import nearest, shown

if TYPE_CHECKING:
    from holidays import HolidayBase

_MARK = r"(?:observed|estimated|in lieu|substitute day|substituted from [0-9/]+)"
_MARKS = re.compile(rf" \({_MARK}(?:, {_MARK})*\)$")
_YEARS_OF_NAMES = 12
"""Some holidays fall only every few years: names are known if they fall within so many years of those asked for."""


class Observed(NamedTuple):
    """What a calendar observes: a country, a subdivision or None for none, categories, names left out."""

    country: str
    subdivision: str | None
    categories: tuple[str, ...]
    without: tuple[str, ...]


class Years(NamedTuple):
    """`needed` must have holidays; `wanted` includes them and may be known in part."""

    needed: range
    wanted: range


def holidays_version() -> str:
    """The version of the package that says which days are holidays."""
    return metadata.version("holidays")


def check_country(country: str) -> None:
    """Raise ValueError for a country that the package does not know."""
    known = _package().list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"{shown(country)} is not a known country, {nearest(country, known)} (ISO 3166, two letters)")


def check_subdivision(country: str, subdivision: str | None) -> None:
    """Raise ValueError for a subdivision that the country does not have. None is no subdivision: always right."""
    entity = _package().country_holidays(country, expand=False)
    known = {*entity.subdivisions, *entity.subdivisions_aliases}
    if subdivision is None or subdivision in known:
        return
    if not known:
        raise ValueError(f"{country} has no subdivisions here, remove the key or write none")
    raise ValueError(f"{shown(subdivision)} is not a subdivision of {country}, {nearest(subdivision, known)}")


def has_subdivisions(country: str) -> bool:
    """Whether a subdivision must be named, or `none`."""
    return bool(_package().country_holidays(country, expand=False).subdivisions)


def unknown_categories(country: str, categories: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Give the position of each category that the country does not have, and what is wrong with it."""
    known = _package().country_holidays(country, expand=False).supported_categories
    for index, category in enumerate(categories):
        if category not in known:
            yield index, f"{shown(category)} is not a category of {country}, {nearest(category, known)}"


def unknown_names(observed: Observed, without: Iterable[str], years: Years) -> Iterator[tuple[int, str]]:
    """Give the position of each name to leave out that no holiday of many years has, and what is wrong with it."""
    around = range(years.wanted.start - _YEARS_OF_NAMES, years.wanted.stop + _YEARS_OF_NAMES)
    for index, out in enumerate(without):
        names = {name for names in _all(observed, around).values() for name in names}
        if not any(_means(out, name) for name in names):
            known = {_MARKS.sub("", name) for name in names}
            yield index, f"{shown(out)} is not a holiday there, {nearest(out, known)}"


def check_years(observed: Observed, years: Years) -> None:
    """Raise ValueError where a needed year has no holiday at all: then the package does not know it."""
    known = {day.year for day in _all(observed._replace(without=()), years.needed)}
    empty = [str(year) for year in years.needed if year not in known]
    if empty:
        raise ValueError(
            f"no holidays are known for {', '.join(empty)} (holidays {holidays_version()}), "
            "remove this entry and list them under dates, or choose other categories",
        )


def holidays_of(observed: Observed, years: Years) -> tuple[Mapping[date, tuple[str, ...]], range]:
    """The dates with their names, and the years for which they are known: the needed ones and those wanted next to
    them, as far as no year is empty. To be called after the checks.
    """
    days = _all(observed._replace(without=()), years.wanted)
    known = {day.year for day in days}
    first, last = years.needed.start, years.needed.stop - 1
    while first - 1 in years.wanted and first - 1 in known:
        first -= 1
    while last + 1 in years.wanted and last + 1 in known:
        last += 1
    covered = range(first, last + 1)
    return {day: names for day, names in _left(days, observed.without) if day.year in covered}, covered


def _left(days: Mapping[date, tuple[str, ...]], without: tuple[str, ...]) -> Iterator[tuple[date, tuple[str, ...]]]:
    for day, names in days.items():
        left = tuple(name for name in names if not any(_means(out, name) for out in without))
        if left:
            yield day, left


def _means(out: str, name: str) -> bool:
    """Whether a name to leave out means this one: as it is, or marked as observed, estimated or moved."""
    return out in (name, _MARKS.sub("", name))


@lru_cache(maxsize=128)
def _all(observed: Observed, years: range) -> Mapping[date, tuple[str, ...]]:
    """Every name of every date of the years, in order. A year's neighbours are asked too: days move across New Year."""
    package = _package()
    languages = package.list_localized_countries(include_aliases=False).get(observed.country, ())
    found: HolidayBase = package.country_holidays(
        observed.country,
        subdiv=observed.subdivision,
        years=range(years.start - 1, years.stop + 1),
        expand=False,
        language="en_US" if "en_US" in languages else None,
        categories=observed.categories,
    )
    return {day: _names(found.get_list(day)) for day in sorted(found) if day.year in years}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _package() -> ModuleType:
    return import_module("holidays")
