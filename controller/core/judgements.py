"""Judgements that are kept for as long as they hold."""

from collections.abc import Hashable

from controller.core.decide import judge, judged_until
from controller.core.decision import Judgement
from controller.core.finding import FindingKind
from controller.core.interval import Instant
from controller.core.situation import Situation, any_pauses_on_drift

KEPT = 1024
"""How many situations are remembered at most."""


class Judgements:
    """Gives what `judge` does; of each situation the last judgement serves again until something may change it."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Instant, Instant, Judgement]] = {}

    def at(self, situation: Situation, key: Hashable, now: Instant) -> Judgement:
        """The judgement of the situation, whose `grounds` are the key, at `now`."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] <= now < kept[1]:
            return kept[2]
        judgement = judge(situation, now)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[key] = (now, judged_until(situation, judgement, now), judgement)
        return judgement


def grounds(situation: Situation) -> Hashable:
    """All of a situation that a judgement rests on: equal where no instant tells two situations apart."""
    drift = situation.drift and _drift(situation)
    return situation.campaigns, situation.incidents, situation.holds, drift


def _drift(situation: Situation) -> tuple[tuple[FindingKind, str], ...]:
    if not any_pauses_on_drift(tuple(hours.campaign for hours in situation.campaigns)):
        return ()
    return tuple((found.kind, found.detail) for found in situation.drift)
