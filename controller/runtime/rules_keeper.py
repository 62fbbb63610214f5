"""The rules in force, and how they change: everything that can fail happens before what is in force is touched."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from controller.clock import Clock
from controller.core.interval import Instant
from controller.core.rulebook import Rulebook
from controller.rules.loader import LoadedRules, load_rules, read_rules_folder, sources_hash
from controller.rules.problem import RulesError
from controller.store.changes import Audit, Change, UseRevision
from controller.store.records import StoredRevision

log = structlog.get_logger()

_SHOWN = 20
"""The most problems of one rejection that are put into the audit."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Since when this daemon has its rules in force, and the versions of the data that they were read with."""

    since: Instant
    tzdata_version: str
    holidays_version: str


class RulesKeeper:
    """Holds the rulebook in force. `record` keeps revisions; `changed` is called after another came into force."""

    def __init__(
        self,
        folder: Path,
        workspaces: frozenset[str],
        clock: Clock,
        record: Callable[[Sequence[Change]], Awaitable[object]],
        changed: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._workspaces = workspaces
        self._clock = clock
        self._record = record
        self._changed = changed
        self._book: Rulebook | None = None
        self._seen: tuple[str, int] | None = None
        self._rejected: str | None = None
        self._accepted_at: Instant | None = None
        self._in_force: InForce | None = None
        self._lock = asyncio.Lock()

    @property
    def book(self) -> Rulebook:
        """The rules in force."""
        if self._book is None:
            raise RuntimeError("no rules are loaded yet: start() comes first")
        return self._book

    @property
    def rejected(self) -> bool:
        """Whether the files are wrong at present, so that other rules than theirs are in force."""
        return self._rejected is not None

    @property
    def accepted_at(self) -> Instant | None:
        """When the files were last read and found right, None where that has yet to be."""
        return self._accepted_at

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the files at present, each with its place; () where nothing is."""
        return tuple((self._rejected or "").splitlines())

    @property
    def in_force(self) -> InForce:
        """Since when the book is in force."""
        if self._in_force is None:
            raise RuntimeError("no rules are loaded yet: start() comes first")
        return self._in_force

    async def start(self, last: StoredRevision | None) -> None:
        """Load the files, or the last good revision where they are bad. Raises RulesError where neither can be."""
        try:
            loaded = await self._load_files()
        except RulesError as error:
            if last is None:
                raise
            await self._reject(error, kept=last.revision)
            sources = {name: text.encode() for name, text in last.sources.items()}
            loaded = await asyncio.to_thread(self._load, sources)
        await self._record(self._use(loaded, "rules.loaded"))

    async def look(self) -> None:
        """Reload the files if their content changed, or a new year asks for its holidays. Bad files change nothing."""
        async with self._lock:
            try:
                seen = await self._identify()
                if seen == self._seen:
                    return
                loaded = await self._load_files()
            except RulesError as error:
                await self._reject(error, kept=self.book.rules.revision)
                return
            if loaded.rules.revision == self.book.rules.revision:
                self._rejected = None  # a mistake that was taken back is told again when it comes back
                log.info("rules.unchanged", revision=loaded.rules.revision)
                self._book = Rulebook(loaded.rules)  # the same meaning, perhaps with another year's holidays
                return
            self._rejected = None
            changes = self._use(loaded, "rules.reloaded")
            try:
                self._changed()  # before the disk is waited for: an incident may be among the new rules
            finally:
                await self._record(changes)

    async def _identify(self) -> tuple[str, int]:
        sources = await asyncio.to_thread(read_rules_folder, self._folder)
        return sources_hash(sources), self._year()

    async def _load_files(self) -> LoadedRules:
        try:
            sources = await asyncio.to_thread(read_rules_folder, self._folder)
        except RulesError:
            self._seen = None
            raise
        seen = sources_hash(sources), self._year()
        try:
            loaded = await asyncio.to_thread(self._load, sources)
        except RulesError:
            self._seen = seen
            raise
        self._seen = seen  # after any other error they are to be tried again
        self._accepted_at = self._clock.now()
        return loaded

    def _load(self, sources: Mapping[str, bytes]) -> LoadedRules:
        return load_rules(sources, now=self._clock.now(), workspaces=self._workspaces)

    def _year(self) -> int:
        return datetime.fromtimestamp(self._clock.now(), UTC).year

    def _use(self, loaded: LoadedRules, event: str) -> list[Change]:
        """Put the rules in force; gives what is to be recorded."""
        rules = loaded.rules
        self._book = Rulebook(rules)
        for warning in loaded.warnings:
            log.warning("rules.warned", problem=str(warning))
        log.info(
            event,
            revision=rules.revision,
            campaigns=len(rules.campaigns),
            calendars=len(rules.calendars),
            incidents=len(rules.incidents),
            tzdata=loaded.tzdata_version,
            holidays=loaded.holidays_version,
        )
        now = self._clock.now()
        self._in_force = InForce(now, loaded.tzdata_version, loaded.holidays_version)
        versions = {"tzdata": loaded.tzdata_version, "holidays": loaded.holidays_version}
        used = UseRevision(rules.revision, rules.sources, loaded.tzdata_version, loaded.holidays_version, now)
        return [used, Audit(at=now, event=event, revision=rules.revision, facts=versions)]

    async def _reject(self, error: RulesError, kept: str) -> None:
        problems = [str(problem) for problem in error.problems]
        if self._rejected == "\n".join(problems):
            return  # said already; the files are no better
        self._rejected = "\n".join(problems)
        log.error("rules.rejected", revision_in_force=kept, problems=problems)
        facts = {"problems": problems[:_SHOWN], "of": len(problems)}
        row = Audit(at=self._clock.now(), event="rules.rejected", revision=kept, facts=facts)
        await self._record([row])
