"""The pages of a list by their bytes: from one reading to the next nearly all are the same, and not parsed again."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Generic, TypeVar

from controller.vogent.wire import Body

PageT = TypeVar("PageT")


class KnownPages(Generic[PageT]):
    """Those of one reading of a list; `before` are those of an earlier one. `parse` must depend on nothing but the
    body, and what it gives must not be changed.
    """

    def __init__(self, parse: Callable[[Body], PageT], before: Mapping[bytes, PageT]) -> None:
        self.read: dict[bytes, PageT] = {}
        """The pages so far, by the digests of their bodies."""
        self._parse = parse
        self._before = before

    def page(self, body: Body) -> PageT:
        """What `parse` makes of the body, or made of the same bytes in the reading before; raises what that raises."""
        digest = sha256(body).digest()
        page = self._before.get(digest)
        if page is None:
            page = self._parse(body)
        self.read[digest] = page
        return page
