"""Following changes that were not verified at once: each job is read again on a timer of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from controller.core.decision import Decision
from controller.core.job import JobKey
from controller.runtime.report import Outcome


class Followers:
    """At most one follow-up a job. A change that is followed already keeps its deadline."""

    def __init__(self) -> None:
        self._tasks: dict[JobKey, asyncio.Task[Outcome]] = {}
        self._lately: list[asyncio.Task[Outcome]] = []

    def begin(self) -> None:
        """A pass begins: what was settled before it is nobody's any more."""
        self._lately = list(self._tasks.values())

    def follow(self, outcome: Outcome, settle: Callable[[Outcome], Awaitable[Outcome]]) -> None:
        """Let `settle` find out what becomes of it."""
        key = outcome.decision.job.key
        if key in self._tasks:
            return

        async def settling() -> Outcome:
            return await settle(outcome)

        task = asyncio.create_task(settling(), name=outcome.decision.action)
        self._tasks[key] = task
        self._lately.append(task)
        task.add_done_callback(lambda done: self._tasks.pop(key) if self._tasks.get(key) is done else None)

    def unfollow(self, key: JobKey) -> None:
        """What became of it is known."""
        followed = self._tasks.pop(key, None)
        if followed is not None:
            followed.cancel()

    def supersede(self, decisions: Iterable[Decision]) -> None:
        """Follow no earlier change of the other kind: a late proof of it must not speak for what is sent now."""
        for decision in decisions:
            followed = self._tasks.get(decision.job.key)
            if followed is not None and followed.get_name() != decision.action:
                self.unfollow(decision.job.key)

    async def settled(self) -> list[Outcome]:
        """Wait for all that were followed in this pass, and say what became of them."""
        ended = await asyncio.gather(*self._lately, return_exceptions=True)
        return [outcome for outcome in ended if isinstance(outcome, Outcome)]

    async def close(self) -> None:
        """Stop following."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
