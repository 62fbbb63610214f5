"""The seeded defects: mistakes that somebody might make."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Edit(NamedTuple):
    """In `file`, below the package, `before` occurs once and is replaced by `after`."""

    file: str
    before: str
    after: str


class Defect(NamedTuple):
    """One edit; or several, where one thing is watched in several places and the defect is that nobody watches it."""

    name: str
    edits: tuple[Edit, ...]


def patched(defect: Defect) -> dict[str, str]:
    """The texts of the files with the defect in them. Raises ValueError where it does not fit exactly once."""
    texts: dict[str, str] = {}
    for file, before, after in defect.edits:
        text = texts.get(file) or (ROOT / "controller" / file).read_text()
        if text.count(before) != 1:
            raise ValueError(f"{defect.name}: found {text.count(before)} times in {file}: {before!r}")
        texts[file] = text.replace(before, after)
    return texts


DEFECTS = tuple(
    Defect(name, tuple(Edit(*edits[index : index + 3]) for index in range(0, len(edits), 3)))
    for name, *edits in (
        (
            "trust 200",
            "runtime/changer.py",
            "Result.VERIFIED if agreed else Result.UNVERIFIED, answer",
            "Result.VERIFIED, answer",
        ),
        (
            "skip the re-read after a lost answer",
            "runtime/changer.py",
            "outcome = await self._look(decision, error.reason.value)",
            "outcome = Outcome(decision, Result.VERIFIED, problem=error.reason.value)",
        ),
        (
            "take the old status for a verified pause",
            "core/verify.py",
            "frozenset({Status.PAUSED, Status.INIT,",
            "frozenset({Status.PAUSED, Status.ACTIVE, Status.INIT,",
        ),
        ("forget the intent", "runtime/sweep.py", "            yield PutClaim(intent)\n", "            pass\n"),
        (
            "resume foreign pauses",
            "core/decide.py",
            "    if situation.claim is not None:\n        return Action.RESUME",
            "    if situation:\n        return Action.RESUME",
        ),
        (
            "start what is INIT whatever the campaign says",
            "core/decide.py",
            "if all_start(campaigns) else",
            "if campaigns else",
        ),
        (
            "let the last campaign decide alone",
            "core/precedence.py",
            "for closed in hours.closed_by(now))",
            "for closed in hours.closed_by(now) if hours is situation.campaigns[-1])",
        ),
        (
            "act on a transition only",
            "runtime/engine.py",
            "        self._wake(Trigger.RESYNC, self._clock.now())\n",
            "",
        ),
        (
            "wait for no transition",
            "runtime/engine.py",
            "self._timers.set_transition(self._next_transition(now))",
            "self._timers.set_transition(None)",
        ),
        ("leave the fast path out", "runtime/workspace_loop.py", "if trigger in FAST_TRIGGERS:", "if False:"),
        (
            "do not look at the rules at a resync",
            "runtime/engine.py",
            "    def _on_resync(self) -> None:\n        self.look_at_rules()\n",
            "    def _on_resync(self) -> None:\n",
        ),
        (
            "keep deciding by the old rules after a reload",
            "runtime/rules_keeper.py",
            "        self._book = Rulebook(rules)\n",
            "        self._book = self._book or Rulebook(rules)\n",
        ),
        (
            "take an empty rules file for no rules",
            "runtime/rules_keeper.py",
            "                await self._reject(error, kept=self.book.rules.revision)\n                return\n",
            "                self._book = Rulebook(__import__('dataclasses').replace(self.book.rules, campaigns=(), incidents=()))\n                return\n",
        ),
        (
            "anticipate no close",
            "core/interval.py",
            "Interval(start, end - seconds) for start, end in intervals",
            "Interval(start, end + 0 * seconds) for start, end in intervals",
        ),
        (
            "begin an incident late",
            "core/precedence.py",
            "if each.since - lead <= now",
            "if each.since + 120 <= now",
        ),
        (
            "close a minute late",
            "core/interval.py",
            "return bisect_right(self._bounds, instant) % 2 == 1",
            "return bisect_right(self._bounds, instant - 180) % 2 == 1",
        ),
        (
            "open early",
            "core/decide.py",
            "    applying = [(row, details) for row in PRECEDENCE[:-1] if (details := row.applies(situation, now))]",
            "    applying = [(row, details) for row in PRECEDENCE[:-1] if (details := row.applies(situation, now + 300))]",
        ),
        (
            "take the standard offset all year",
            "core/zone.py",
            "offset = _local(zone, instant).utcoffset() or timedelta()",
            "offset = (_local(zone, instant).utcoffset() or timedelta()) - (_local(zone, instant).dst() or timedelta())",
        ),
        (
            "treat a resume that failed as none",
            "core/decide.py",
            "claim.state is ClaimState.RESUMING):",
            "claim.state is ClaimState.RESUMED):",
        ),
        (
            "believe a job gone that is missing from a list",
            "runtime/observation.py",
            "        await asyncio.gather(*(self._read_missing(key, reading) for key in missing))\n",
            "        reading.gone += missing\n",
        ),
        (
            "drop the claim when the job is overridden",
            "core/decide.py",
            "        held = claim is not None and claim.state is ClaimState.HELD\n        return Action.PAUSE,",
            "        held = claim is not None and claim.state is ClaimState.HELD\n        return (Action.NONE if held else Action.PAUSE),",
        ),
        (
            "neither ask anybody again before a resume leaves nor withdraw it",
            "runtime/sweep.py",
            "self._snapshots.take(now).decide(job).action is decision.action",
            "True",
            "runtime/sweep.py",
            "if interrupted() or not self._ledger.durable:",
            "if not self._ledger.durable:",
            "runtime/changer.py",
            "for task in (self._looks.get(key), self._unsent.pop(key, None)):",
            "for task in (self._looks.get(key),):",
        ),
        (
            "stop pausing while the store is broken",
            "runtime/sweep.py",
            "asyncio.create_task(self._pause_one(each, journal)) for each in some]",
            "asyncio.create_task(self._pause_one(each, journal)) for each in some if self._ledger.durable]",
        ),
        (
            "trust a clock that stepped",
            "core/decide.py",
            "    if first.action in (Action.RESUME, Action.START):",
            "    if first.action is Action.PAUSE:",
        ),
        (
            "ask only the new reading of the clock",
            "runtime/clock_watch.py",
            "return (moment.wall, self._witness.reading(moment)) if self._witness else (moment.wall,)",
            "return (moment.wall,)",
        ),
        (
            "close claims that still hold",
            "core/claim.py",
            "if status is Status.PAUSED and decision.desired is Desired.PAUSE:",
            "if status is Status.PAUSED and decision.desired is Desired.PAUSE and claim.state is ClaimState.HELD:\n        return _moved(claim, ClaimState.RESUMED_BY_OTHERS, now)\n    if status is Status.PAUSED and decision.desired is Desired.PAUSE:",
        ),
        (
            "keep a claim on a job that somebody resumed",
            "core/claim.py",
            "if status is Status.ACTIVE and decision.desired is not Desired.PAUSE:",
            "if status is Status.ACTIVE and decision.desired is not Desired.PAUSE and claim.state is ClaimState.RESUMING:",
        ),
        (
            "stop at the first page",
            "vogent/client.py",
            "            if page.cursor is None:\n",
            "            if page:\n",
        ),
        (
            "pause nothing while the lists fail",
            "runtime/reconciler.py",
            "reading.jobs if reading else self.observer.jobs.values()",
            "reading.jobs if reading else []",
        ),
        (
            "believe the instant of a clock that was set back since",
            "runtime/snapshot.py",
            "            at if just_ahead else now,",
            "            max(at, now),",
        ),
        (
            "take what a reading says right after our own pause for a person's doing",
            "core/claim.py",
            "return claim if lately(claim, now) else _moved",
            "return _moved",
        ),
        (
            "write nothing of what is known into a new store",
            "runtime/ledger.py",
            "        self._queue.keep(self._memory.everything())\n",
            "",
        ),
        (
            "forget an earlier resume for a later one that had no effect",
            "runtime/consequences.py",
            "if _had_no_effect(outcome) and not outcome.unproven_before:",
            "if _had_no_effect(outcome):",
        ),
        (
            "forget at a start what people stopped",
            "runtime/memory.py",
            "        self._take_over_controls(kept, told)\n",
            "",
        ),
        (
            "let what people stop wait for the next pass",
            "runtime/operations.py",
            "        self.wake(trigger)\n",
            "",
        ),
        (
            "leave out the holds",
            "runtime/snapshot.py",
            "holds=self._controls.holds_on(job.key)",
            "holds=()",
        ),
        (
            "never try a pause again",
            "runtime/sweep.py",
            "            self._pausing.discard(key)\n",
            "",
            "runtime/sweep.py",
            "            self._pausing.difference_update(decision.job.key for decision in batch)\n",
            "            pass\n",
        ),
        (
            "resume while the store is broken",
            "runtime/sweep.py",
            "if interrupted() or not self._ledger.durable:",
            "if interrupted():",
            "runtime/sweep.py",
            "if not await self._move_claims(batch, claims.resuming, now):",
            "if await self._move_claims(batch, claims.resuming, now) is None:",
        ),
        (
            "resume by what was last known while nothing can be read",
            "runtime/reconciler.py",
            "decided = [(_as_unread(each, unread), situation) for each, situation in decided]",
            "decided = [(each, situation) for each, situation in decided]",
            "runtime/observation.py",
            "if self._age(key) > FRESH:",
            "if False:",
        ),
        (
            "swap < and <= at the boundaries of the hours",
            "core/interval.py",
            "return bisect_right(self._bounds, instant) % 2 == 1",
            "return __import__('bisect').bisect_left(self._bounds, instant) % 2 == 1",
        ),
        (
            "end an incident ten minutes early",
            "core/precedence.py",
            "if each.since - lead <= now < each.until",
            "if each.since - lead <= now < each.until - 600",
        ),
        (
            "count no page of a list before the list is whole",
            "vogent/client.py",
            "            shown([row for row in page.items if isinstance(row, Job)])\n",
            "            pass\n",
        ),
        (
            "pause nothing while a list is being read",
            "runtime/workspace_loop.py",
            "                await self._fast_path(None)\n",
            "                pass\n",
        ),
        (
            "let a pause wait until a job was read whose resume got no answer",
            "runtime/sweep.py",
            "            async with self._turns.of(key, lambda: self._changer.hurried(key)):\n",
            "            async with self._turns.of(key):\n",
        ),
    )
)
