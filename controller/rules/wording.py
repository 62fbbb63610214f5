"""How values, keys and suggestions read in a problem."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_LONGEST = 60
_MOST = 40

PathPart = str | int
Path = tuple[PathPart, ...]


def shown(value: object) -> str:
    """A value of a file in one short, printable piece: text in quotes, cut after 60 characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "an empty value"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def path_text(path: Path) -> str:
    """A path of keys and list positions as `a.b[0].c`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if part.isprintable() and 0 < len(part) <= _LONGEST else shown(part)
            text += f".{key}" if text else key
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name to offer for an unknown one: `did you mean 'x'?`, or all that are known if they are at most 40."""
    names = tuple(sorted(map(str, known)))
    close = _closest(word[:100].lower(), names)
    if close is not None:
        return f"did you mean {close!r}?"
    if not names:
        return "none is known"
    if len(names) > _MOST:
        return "and no known one is like it"
    return f"known {'is' if len(names) == 1 else 'are'} {', '.join(names)}"


@lru_cache(maxsize=1024)
def _closest(word: str, names: tuple[str, ...]) -> str | None:
    """Search once for what is written often."""
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(word, by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def text(value: object) -> str:
    """The value itself where it is text that says something. Raises ValueError for anything else."""
    if isinstance(value, (int, float)):
        raise ValueError(f"{shown(value)} is not text, put it in quotes")  # noqa: TRY004 - pydantic collects ValueError
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not text, write one word or a text in quotes")  # noqa: TRY004 - as above
    if not value.strip():
        raise ValueError("the text is empty, write something or remove the key")
    if value != value.strip() or not value.isprintable():
        raise ValueError(f"{shown(value)} has spaces around it or unprintable characters, remove them")
    return value
