"""In which order the pauses of one close leave."""

from collections import Counter
from collections.abc import Iterable

from controller.core.decision import Because, Decision

_LATER = {Because.UNKNOWN_STATUS: 1, Because.RESUME_UNPROVEN: 2}
"""What surely dials goes first, then what may, then what might come to."""


def pausing_order(decisions: Iterable[Decision]) -> list[Decision]:
    """The most urgent first, and among these the agents by turns: none dials on until the last while another is already
    silent.
    """
    turns: Counter[tuple[int, str]] = Counter()
    placed: list[tuple[int, int, Decision]] = []
    for decision in decisions:
        urgency = _LATER.get(decision.because, 0)
        group = (urgency, decision.job.agent_id)
        placed.append((urgency, turns[group], decision))
        turns[group] += 1
    placed.sort(key=lambda place: place[:2])
    return [decision for _urgency, _turn, decision in placed]
