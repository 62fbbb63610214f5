"""How many requests may be in flight, by how the provider bears them: fewer after a refusal or where its answers come
ever later, one more after each round of good answers.

As TCP does it: additive increase, multiplicative decrease. What has no answer at all lowers nothing: requests that hang
keep their places anyway, and a pause must not wait because of them.
"""

import asyncio
import math
from collections.abc import Callable

import structlog

from controller.vogent.budget import Budget
from controller.vogent.errors import ApiError, Throttled
from controller.vogent.refusal import Kind

LEAST_PART = 5
"""Never fewer than a fifth of the places that were configured, at least one."""
RISING, RISING_SECONDS = 3.0, 0.5
"""Answers come late where they take so many times what is usual, and so many seconds more."""
_RECENT, _USUAL = 0.1, 0.002
"""How much one answer moves what is recent, and what is usual where that grows: a provider that stays slow is usual
after some hundreds of answers.
"""

_log = structlog.get_logger(__name__)


class _Latency:
    """Of one kind of request, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.recent = self.usual = seconds

    def learn(self, seconds: float) -> None:
        self.recent += _RECENT * (seconds - self.recent)
        self.usual = min(self.recent, self.usual + _USUAL * (self.recent - self.usual))

    @property
    def rising(self) -> bool:
        return self.recent > RISING * self.usual + RISING_SECONDS


class Pace:
    """Moves the limit of one workspace's budget, between a part of what it was given and all of it."""

    def __init__(self, workspace: str, budget: Budget, now: Callable[[], float] | None = None) -> None:
        self._workspace = workspace
        self._budget = budget
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._most = budget.limit
        self._least = max(1, budget.limit // LEAST_PART)
        self._good = 0
        self._lowered_at = -math.inf
        self._latency: dict[Kind, _Latency] = {}

    def learn(self, kind: Kind, sent_at: float, error: BaseException | None) -> None:
        """A request that took its place then came to this end."""
        if isinstance(error, Throttled):
            self._lower(sent_at, "refused")
        elif error is None or (isinstance(error, ApiError) and error.status is not None):
            self._answered(kind, sent_at, good=error is None)

    def _answered(self, kind: Kind, sent_at: float, *, good: bool) -> None:
        seconds = self._now() - sent_at
        latency = self._latency.get(kind)
        if latency is None:
            latency = self._latency[kind] = _Latency(seconds)
        latency.learn(seconds)
        if latency.rising:
            self._lower(sent_at, "late")
        elif good and self._budget.limit < self._most:
            self._good += 1
            if self._good >= self._budget.limit:
                self._raise()

    def _lower(self, sent_at: float, because: str) -> None:
        """What was sent before the last time says nothing of how it is since."""
        self._good = 0
        if sent_at < self._lowered_at or self._budget.limit == self._least:
            return
        self._lowered_at = self._now()
        self._budget.set_limit(max(self._least, self._budget.limit // 2))
        _log.info("workspace.narrowed", workspace=self._workspace, limit=self._budget.limit, because=because)

    def _raise(self) -> None:
        self._good = 0
        self._budget.set_limit(self._budget.limit + 1)
        if self._budget.limit == self._most:
            _log.info("workspace.widened", workspace=self._workspace, limit=self._most)
