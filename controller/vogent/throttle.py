"""What a 429 means for the requests that come after it: all but pauses wait until its time has run out.

Pauses wait for nobody else's refusal: each obeys only the `Retry-After` that it was given itself, between its attempts.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager

import structlog

from controller.vogent.budget import Budget
from controller.vogent.errors import ApiError, Throttled
from controller.vogent.pace import Pace
from controller.vogent.refusal import LONGEST_WAIT, Kind

#: How long others wait after a 429 that names no time: at first, and at most after one upon the other, in seconds.
FIRST_WAIT, LONGEST_OWN_WAIT = 2.0, 30.0
#: How much longer others wait than a pause that was refused in the same instant, in seconds: it goes first.
HEAD_START = 0.2
#: How long one request is held back at most, in seconds, however often others are refused meanwhile. A provider that
#: refuses for ever is thus still asked now and then.
HELD_AT_MOST = LONGEST_WAIT + HEAD_START

_log = structlog.get_logger(__name__)


class Throttle:
    """Whether the provider of one workspace refuses requests for being too many. Belongs to one event loop."""

    def __init__(self, workspace: str, budget: Budget) -> None:
        self._workspace = workspace
        self._budget = budget
        self._pace = Pace(workspace, budget)
        self._throttled = False
        self._until = 0.0
        self._own_wait = FIRST_WAIT

    @property
    def throttled(self) -> bool:
        """Whether the provider refused, and no answer since has shown that this is over."""
        return self._throttled

    @asynccontextmanager
    async def other(self) -> AsyncIterator[None]:
        """Hold a place in the budget for a request that is no pause, once no refusal holds it back any more."""
        latest = _now() + HELD_AT_MOST
        while True:
            while (left := self._left(latest)) > 0:  # noqa: ASYNC110 - once, unless the wait was made longer meanwhile
                await asyncio.sleep(left)
            async with self._budget.other():
                # Where another was refused while this one queued for its place, a pause may need that meanwhile.
                if self._left(latest) <= 0:
                    yield
                    return

    def learning(self, kind: Kind) -> AbstractContextManager[None]:
        """Learn from what becomes of one request that is sent now."""
        return _Lesson(self, kind)

    def _learn(self, kind: Kind, sent_at: float, error: BaseException | None) -> None:
        self._pace.learn(kind, sent_at, error)
        if isinstance(error, Throttled):
            self._refused(error.retry_after)
        elif error is None or (isinstance(error, ApiError) and error.status is not None):
            self._answered(sent_at)

    def _left(self, latest: float) -> float:
        return min(self._until, latest) - _now()

    def _refused(self, retry_after: float | None) -> None:
        now = _now()
        wait = self._next_own_wait(now) if retry_after is None else retry_after
        self._until = max(self._until, now + wait + HEAD_START)
        if not self._throttled:
            self._throttled = True
            _log.warning("workspace.throttled", workspace=self._workspace, seconds=round(wait, 3))

    def _next_own_wait(self, now: float) -> float:
        """It grows with every wait that was in vain, not with every request that was on its way before it began."""
        if now < self._until:
            return 0.0
        wait = self._own_wait
        self._own_wait = min(2 * wait, LONGEST_OWN_WAIT)
        return wait

    def _answered(self, sent_at: float) -> None:
        """An answer to what was sent before the time had run out, to a pause for instance, shows nothing."""
        if self._throttled and sent_at >= self._until:
            self._throttled = False
            self._own_wait = FIRST_WAIT
            _log.info("workspace.unthrottled", workspace=self._workspace)


class _Lesson(AbstractContextManager[None]):
    """A class, not a generator: thousands of requests go through it in a second."""

    __slots__ = ("_kind", "_sent_at", "_throttle")

    def __init__(self, throttle: Throttle, kind: Kind) -> None:
        self._throttle = throttle
        self._kind = kind

    def __enter__(self) -> None:
        self._sent_at = _now()

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        self._throttle._learn(self._kind, self._sent_at, error)  # noqa: SLF001 - its own


def _now() -> float:
    return asyncio.get_running_loop().time()
