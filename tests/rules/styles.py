"""Right rules, as plain values, and the many ways to write the same values as YAML."""

import random
import re
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*(?: [A-Za-z0-9_/*?-]+)*")
_NOT_TEXT = re.compile(r"(?i)null|true|false")
_DATES = [
    *("2026-12-24", "2999-12-31", "2026-12-28..2027-01-01", "2028-02-29..2028-02-29", "1970-01-01..1999-12-31"),
    *("02-29", "12-24", "12-28..01-02", "06-01..06-03", "02-29..02-29"),
]


def _window(start: int, length: int) -> str:
    end = start + length
    end -= 1440 if end > 1440 else 0
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


windows = st.lists(st.builds(_window, st.integers(0, 1439), st.integers(1, 1439)), max_size=3)
_printable = st.characters(max_codepoint=0x2FFFF, categories=["L", "N", "P", "S"])
_words = st.text(_printable, min_size=1, max_size=6)
texts = st.lists(_words, min_size=1, max_size=3).map(" ".join)
lists = st.lists(texts, min_size=1, max_size=3)
exacts = st.lists(texts.map(lambda text: text.replace("*", "+")), min_size=1, max_size=3)
holidays = st.lists(
    st.sampled_from(
        [
            {"country": "US", "subdivision": "NY", "without": ["Columbus Day", "Christmas Day (observed)"]},
            {"country": "US", "subdivision": "none", "categories": ["public", "government"]},
            {"country": "JP", "categories": ["bank", "public"]},
            {"country": "GB", "subdivision": "SCT"},
            {"country": "DE", "subdivision": "BY", "categories": ["public", "catholic"]},
        ]
    ),
    min_size=1,
    max_size=3,
)
calendars = st.fixed_dictionaries(
    {"timezone": st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza"])},
    optional={
        "hours": st.dictionaries(st.sampled_from(["mon", "tue-thu", "sat,fri", "sun"]), windows),
        "holidays": holidays,
        "dates": st.dictionaries(st.sampled_from(_DATES), windows),
    },
)
_excepted = {"except_names": lists} | {f"except_{key}": exacts for key in ("workspaces", "agents", "ids")}
matches = st.fixed_dictionaries(
    {"names": lists}, optional={"workspaces": exacts, "agents": exacts, "ids": exacts, **_excepted}
)


def _incident(entry: dict[str, Any], since: datetime, length: timedelta | None) -> dict[str, Any]:
    ends = {} if length is None else {"until": f"{(since + length).isoformat()}+05:45"}
    return {**entry, "from": f"{since.isoformat()}+05:45", **ends}


incidents = st.builds(
    _incident,
    st.fixed_dictionaries({"reason": texts}, optional={"match": matches}),
    st.datetimes(datetime(1970, 1, 2), datetime(2998, 1, 1)),
    st.none() | st.timedeltas(timedelta(milliseconds=1), timedelta(days=300)),
)


def _campaigns(calendar_names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"match": matches, "calendars": st.lists(st.sampled_from(calendar_names), min_size=1, max_size=3)},
        optional={
            "close_early": st.sampled_from(["0s", "61s", "1m", "24h"]),
            "resume": st.sampled_from(["never", "own", "any"]),
            "start": st.booleans(),
            "on_drift": st.sampled_from(["report", "pause"]),
        },
    )


files = st.dictionaries(texts, calendars, min_size=1, max_size=3).flatmap(
    lambda found: st.fixed_dictionaries(
        {
            "calendars": st.just(found),
            "campaigns": st.dictionaries(texts, _campaigns(list(found)), max_size=3),
            "incidents": st.dictionaries(texts, incidents, max_size=2),
        }
    )
)
"""Right rules, each a whole file."""


def in_some_style(value: dict[str, Any], chance: random.Random) -> str:
    """Write a mapping as YAML: in lines or brackets, with any quotes, escapes, comments and blank lines."""
    return "\n".join(_mapping(value, chance, 0)) + "\n"


def _mapping(value: dict[str, Any], chance: random.Random, depth: int) -> list[str]:
    step = " " * chance.randint(1, 4)
    lines = []
    for key, item in value.items():
        lines += chance.choice([[], [], [""], [" " * chance.randint(0, 9) + "# nothing: [here"]])
        if item and isinstance(item, dict) and chance.random() < 0.7:
            lines += [
                f"{_key(key, chance)}:{_end(chance)}",
                *(step + line for line in _mapping(item, chance, depth + 1)),
            ]
        elif item and isinstance(item, list) and chance.random() < 0.5:
            lines += [f"{_key(key, chance)}:{_end(chance)}", *(f"{step}-  {_flow(each, chance)}" for each in item)]
        else:
            lines.append(f"{_key(key, chance)}: {_flow(item, chance)}{_end(chance)}")
    return lines


def _flow(value: Any, chance: random.Random) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(key, chance)}: {_flow(item, chance)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{' ,'.join(_flow(item, chance) for item in value)}{chance.choice(['', ', ']) if value else ''}]"
    if isinstance(value, bool):
        return chance.choice(["true", "True", "TRUE"] if value else ["false", "False", "FALSE"])
    return _text(value, chance)


def _key(text: str, chance: random.Random) -> str:
    return _text(text, chance) + chance.choice(["", " "])


def _text(text: str, chance: random.Random) -> str:
    style = chance.randrange(3)
    if style == 0 and _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text):
        return text
    if style == 1:
        return "'" + text.replace("'", "''") + "'"
    escaped = (rf"\U{ord(char):08x}" if char in '"\\' or chance.random() < 0.1 else char for char in text)  # fmt: skip
    return f'"{"".join(escaped)}"'


def _end(chance: random.Random) -> str:
    return chance.choice(["", "", " ", "  # a comment: 'of no' meaning"])
