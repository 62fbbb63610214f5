"""Query parameters of the lists, and pages with opaque cursors."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from controller.sandbox.refused import RefusedError

DEFAULT_LIMIT = 50
GREATEST_LIMIT = 100
"""The reference names neither; a greater limit gets pages of this size, so that nobody relies on one page."""

_NUMBER = re.compile(r"0*([1-9][0-9]*)")
T = TypeVar("T")


class PageQuery(NamedTuple):
    """Where a page begins (after the item of this position) and how many items it holds at most."""

    list_name: str
    after: int
    limit: int


def page_query(list_name: str, query: Mapping[str, str]) -> PageQuery:
    """Read `limit` and `cursor`. Raises RefusedError (400)."""
    limit, cursor = query.get("limit"), query.get("cursor")
    size = _size(limit) if limit is not None else DEFAULT_LIMIT
    return PageQuery(list_name, _position(list_name, cursor) if cursor is not None else -1, size)


def page(
    query: PageQuery,
    items: Iterable[tuple[int, T]],
    answer: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """Build the page: `items` come with their positions, in order, and begin after the query's position."""
    found = list(islice(items, query.limit + 1))
    shown = found[: query.limit]
    cursor = _cursor(query.list_name, shown[-1][0]) if len(found) > query.limit else None
    return {"data": [answer(item) for _, item in shown], "cursor": cursor}


def _size(limit: str) -> int:
    found = _NUMBER.fullmatch(limit)
    if found is None:
        raise RefusedError(400, "limit must be an integer of 1 or more")
    return min(int(found[1][:9]), GREATEST_LIMIT)  # nine digits say enough of a number however long


def _cursor(list_name: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([list_name, position]).encode()).decode().rstrip("=")


def _position(list_name: str, cursor: str) -> int:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise RefusedError(400, "cursor must be one that an earlier page of this list gave") from error
    if name != list_name or type(position) is not int or position < 0:
        raise RefusedError(400, "cursor must be one that an earlier page of this list gave")
    return position
