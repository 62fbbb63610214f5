"""Timing small things against each other: by turns, many calls a round, in time on the processor."""

import time
from collections.abc import Callable

ROUNDS = 15
ROUND_SECONDS = 0.02


def by_turns(*contestants: Callable[[], object], rounds: int = ROUNDS) -> list[list[float]]:
    """Microseconds a call of each contestant, one figure a round."""
    calls = [_enough(contestant) for contestant in contestants]
    figures: list[list[float]] = [[] for _ in contestants]
    for number in range(rounds):
        order = range(len(contestants)) if number % 2 else reversed(range(len(contestants)))
        for index in order:
            figures[index].append(_round(contestants[index], calls[index]))
    return figures


def _enough(contestant: Callable[[], object]) -> int:
    calls = 1
    while _round(contestant, calls) * calls / 1e6 < ROUND_SECONDS and calls < 10**6:
        calls *= 2
    return calls


def _round(contestant: Callable[[], object], calls: int) -> float:
    begun = time.process_time()
    for _ in range(calls):
        contestant()
    return (time.process_time() - begun) / calls * 1e6
