"""The seeded defects: mistakes that somebody might make."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Defect(NamedTuple):
    """In `file`, below the package, `before` occurs once and is replaced by `after`."""

    name: str
    file: str
    before: str
    after: str

    @property
    def path(self) -> Path:
        """The file, whole."""
        return ROOT / "controller" / self.file


def patched(defect: Defect) -> str:
    """The file's text with the defect in it. Raises ValueError where it does not fit exactly once."""
    text = defect.path.read_text()
    if text.count(defect.before) != 1:
        raise ValueError(f"{defect.name}: found {text.count(defect.before)} times in {defect.file}: {defect.before!r}")
    return text.replace(defect.before, defect.after)


DEFECTS = tuple(
    Defect(*defect)
    for defect in (
        (
            "trust 200",
            "runtime/changer.py",
            "Result.VERIFIED if agreed else Result.UNVERIFIED, answer",
            "Result.VERIFIED, answer",
        ),
        (
            "skip the re-read after a lost answer",
            "runtime/changer.py",
            "outcome = await self._read(decision, error.reason.value)",
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
            "swap < and <= at the end of an incident, and end it late",
            "core/precedence.py",
            "if incident.since - lead <= now < incident.until",
            "if incident.since - lead <= now < incident.until - 600",
        ),
        (
            "begin an incident late",
            "core/precedence.py",
            "if incident.since - lead <= now",
            "if incident.since + 120 <= now",
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
            "resume while the store is broken",
            "runtime/sweep.py",
            "if interrupted() or not self._ledger.durable:",
            "if interrupted():",
        ),
        (
            "ask nobody again before a resume leaves",
            "runtime/sweep.py",
            "self._snapshots.take(now).decide(job).action is decision.action",
            "True",
        ),
        (
            "stop pausing while the store is broken",
            "runtime/sweep.py",
            "            sent = await asyncio.gather(*(self._pause_one(decision, journal) for decision in batch))",
            "            sent = await asyncio.gather(*(self._pause_one(decision, journal) for decision in batch if self._ledger.durable))",
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
            "(reading.jobs if reading else self.observer.jobs).values()",
            "(reading.jobs if reading else {}).values()",
        ),
        (
            "let old reads overwrite newer answers",
            "runtime/observation.py",
            "if begun < self._known_as_of.get(job.key, _NEVER):",
            "if False:",
        ),
        (
            "believe the instant of a clock that was set back since",
            "runtime/snapshot.py",
            "            at if just_ahead else now,",
            "            max(at, now),",
        ),
        (
            "end a claim by a resume though a pause was intended since",
            "core/claim.py",
            "return _moved(claim, ClaimState.RESUMED, now) if claim.state is ClaimState.RESUMING else claim",
            "return _moved(claim, ClaimState.RESUMED, now)",
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
            "resume by what was known of a job that was not read",
            "runtime/reconciler.py",
            "decided = [(_as_unread(each, unread), situation) for each, situation in decided]",
            "decided = [(each, situation) for each, situation in decided]",
        ),
        (
            "let an absolute pause behind an answered resume make no claim",
            "runtime/sweep.py",
            "decision.because is Because.RESUME_UNPROVEN and seen is Status.PAUSED:",
            "decision.because is Because.RESUME_UNPROVEN:",
        ),
    )
)
