"""The secrets that requests bear. Read afresh, so that they can be rotated; a bad one lets nobody in."""

import asyncio
import hmac

import structlog

from controller.settings import ApiKeySource, KeyUnreadable

log = structlog.get_logger()

SHORTEST = 16
"""Characters: less can be guessed."""


class TokenUnusable(Exception):  # noqa: N818 - named for what the caller meets
    """There is no good token where it should be. The text holds nothing that was read there."""


class Token:
    """One of them. Whatever is read goes into `seen`, so that the logs can keep it out."""

    def __init__(self, source: ApiKeySource, seen: set[str]) -> None:
        self.what = source.what
        self._source = source
        self._seen = seen
        self._told: str | None = None

    async def is_(self, presented: str) -> bool:
        """Whether this is it, in the same time whatever differs. Raises TokenUnusable."""
        return hmac.compare_digest(presented.encode(errors="surrogateescape"), (await self.read()).encode())

    async def read(self) -> str:
        """The token as it is now; what is wrong with it is told once. Raises TokenUnusable."""
        try:
            # In a thread: a network disk that hangs must not hold the event loop.
            found = self._checked(await asyncio.to_thread(self._source.read))
        except KeyUnreadable as error:
            if self._told != str(error):
                log.error("web.token_unusable", token=self.what, problem=str(error))
            self._told = str(error)
            raise TokenUnusable(str(error)) from None
        self._told = None
        return found

    def _checked(self, found: str) -> str:
        self._seen.add(found)
        if len(found) < SHORTEST:
            raise KeyUnreadable(f"the {self.what} has only {len(found)} characters, use at least {SHORTEST}")
        return found
