"""All jobs in one line: how many dial, how many are paused and by whom, and how many somebody should look at."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.shown.lines import STATE_WORDS, JobLine, JobState

_AFTER_RULES = {JobState.INCIDENT: "by incidents", JobState.PERSON: "by a person"}
"""Shorter where it follows `paused by rules`."""


@dataclass(frozen=True, slots=True)
class Overview:
    """`counts` has every state; `look` counts the jobs that somebody should look at, whatever their state."""

    counts: Mapping[JobState, int]
    look: int

    @property
    def parts(self) -> list[tuple[JobState, int, str]]:
        """The states that there are, with how many and the words that follow the number."""
        found = []
        paused = False
        for state in JobState:
            if count := self.counts[state]:
                words = _AFTER_RULES.get(state) if paused else None
                found.append((state, count, words or STATE_WORDS[state]))
                paused = paused or state in (JobState.RULES, JobState.INCIDENT)
        return found

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.counts.values())

    @property
    def text(self) -> str:
        """`14 dialing, 6 paused by rules, 1 by a person, 2 to look at`."""
        told = [f"{count} {words}" for _state, count, words in self.parts]
        if self.look:
            told.append(f"{self.look} to look at")
        return ", ".join(told) or "no jobs"


def overview(lines: Iterable[JobLine]) -> Overview:
    """Count them."""
    counts: Counter[JobState] = Counter()
    look = 0
    for line in lines:
        counts[line.state] += 1
        look += line.look
    return Overview({state: counts[state] for state in JobState}, look)
