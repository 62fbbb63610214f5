"""Rules files as nobody should write them: real ones with mistakes in them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
REAL = [
    *sorted((ROOT / "config/rules").glob("*.yaml")),
    ROOT / "controller/cli/demo/rules.yaml",
    Path(__file__).parent / "every_key.yaml",
]
TEXTS = [path.read_text() for path in REAL]

_WORDS = """
~ null true no on 0 -1 010 0x10 0o17 1_000 1e999 -.inf .nan -0 1.5 12:30:45 '' - , .. [a a] 2026-02-30 0000-00-00
9999-12-31 1969-12-31 02-30 2026-12-24..2026-12-20 12-28..02-29 2026-12-24..12-31 24:00-00:00 00:00-24:00 99:99-99:99
9:00-17:00 23:59-23:59 mon-mon sun-mon mon,mon mon, Mon 2026-11-23T24:00:00Z 0001-01-01T00:00:00+23:59
2999-12-31T23:59:59-12:00 1970-01-01T00:00Z 2026-11-23T14:05:60Z 2026-11-23T14:05:00 86401s 0s 24h 999999999h -5m
America/New_york ../../etc/passwd posixrules localtime Factory US/Eastern Etc/GMT+12 UK us NYC none optional workday
"""
SCALARS = [
    *_WORDS.split(),
    *("5 m", "\u0661\u0662m", "Christmas Day", "Christmas Day (observed)", "9" * 17, "9" * 400, "9" * 5000),
    *("*" * 300, "?" * 300),
    *('""', '"\\0"', '"\\ud83d\\ude00"', '"\\UFFFFFFFF"', '"\\x41"', '"\\N\\_\\L\\P"', "'\u2028'", "\u00a0", "\u3000"),
    *("\u0130", "ß", "\u0301e", "\u202e", "\ufeff", "\U0001f4de", "\x85", "\x7f"),
]
"""Values that may mean something else than they seem to."""

SNIPPETS = [
    *("&a ", "*a", "!!str ", "! ", "!<tag:yaml.org,2002:int> ", "<<: ", "? ", ": ", "- ", "--- ", "\n---\n", "\n...\n"),
    *("%YAML 1.1\n---\n", "%TAG ! tag:x:\n---\n", "|\n  ", ">+2\n  ", " #", "\r\n", "\n\n", "\n ", "\n        "),
    *"'\"{}[],#@`\t\r\u2028\ufeff\x00\x07\\",
    *("[" * 40, "{a: " * 40, "- " * 40),
    *("calendars:\n", "\ncampaigns: {}\n", "\nincidents: []\n", "\ncalendars: {a: {timezone: UTC}}\n"),
]
"""What has a meaning of its own in YAML."""

_TOKEN = re.compile(r"[^\s\[\]{},:]+")


class Slip(NamedTuple):
    """A mistake: what kind, where (taken modulo what there is), and what comes instead."""

    kind: Callable[[str, "Slip"], str]
    at: int
    other: int
    value: str


def _lines(text: str, slip: Slip) -> tuple[list[str], int, int]:
    lines = text.splitlines(keepends=True) or [""]
    return lines, slip.at % len(lines), slip.other % len(lines)


def line_twice(text: str, slip: Slip) -> str:
    lines, at, other = _lines(text, slip)
    return "".join([*lines[:other], lines[at], *lines[other:]])


def lines_swapped(text: str, slip: Slip) -> str:
    lines, at, other = _lines(text, slip)
    lines[at], lines[other] = lines[other], lines[at]
    return "".join(lines)


def line_lost(text: str, slip: Slip) -> str:
    lines, at, _ = _lines(text, slip)
    return "".join([*lines[:at], *lines[at + 1 :]])


def line_moved(text: str, slip: Slip) -> str:
    lines, at, _ = _lines(text, slip)
    lines[at] = " " * (slip.other % 9) + lines[at].lstrip(" ")
    return "".join(lines)


def tokens_swapped(text: str, slip: Slip) -> str:
    found = list(_TOKEN.finditer(text))
    if not found:
        return text
    first, last = sorted((found[slip.at % len(found)], found[slip.other % len(found)]), key=lambda token: token.start())
    if first.start() == last.start():
        return text
    between = text[first.end() : last.start()]
    return f"{text[: first.start()]}{last[0]}{between}{first[0]}{text[last.end() :]}"


def token_replaced(text: str, slip: Slip) -> str:
    found = list(_TOKEN.finditer(text))
    if not found:
        return slip.value
    token = found[slip.at % len(found)]
    return f"{text[: token.start()]}{slip.value}{text[token.end() :]}"


def inserted(text: str, slip: Slip) -> str:
    at = slip.at % (len(text) + 1)
    return f"{text[:at]}{slip.value}{text[at:]}"


def cut(text: str, slip: Slip) -> str:
    at = slip.at % (len(text) + 1)
    return text[:at] + text[at + slip.other % 40 :]


def ended(text: str, slip: Slip) -> str:
    return text[: slip.at % (len(text) + 1)]


def line_ends_changed(text: str, slip: Slip) -> str:
    return text.replace("\n", ("\r\n", "\r")[slip.at % 2])


KINDS = [
    *(line_twice, lines_swapped, line_lost, line_moved, tokens_swapped, token_replaced, token_replaced),
    *(inserted, inserted, cut, ended, line_ends_changed),
]
_anywhere = st.integers(0, 2**16)
values = st.sampled_from([*SCALARS, *SNIPPETS]) | st.text(max_size=4)
slips = st.builds(Slip, st.sampled_from(KINDS), _anywhere, _anywhere, values)


def with_slips(text: str, made: list[Slip]) -> str:
    """Make the mistakes one after the other."""
    for slip in made:
        text = slip.kind(text, slip)
    return text


mistaken = st.builds(with_slips, st.sampled_from(TEXTS), st.lists(slips, min_size=1, max_size=4))
"""Real files with a few mistakes."""


def _flipped(text: str, flips: list[tuple[int, int]]) -> bytes:
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for at, bits in flips:
        if data:
            data[at % len(data)] ^= bits
    return bytes(data)


flipped = st.builds(
    _flipped,
    st.sampled_from(TEXTS),
    st.lists(st.tuples(_anywhere, st.integers(1, 255)), min_size=1, max_size=3),
)
"""Real files with a few bytes changed."""
