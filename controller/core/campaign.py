"""Rules as values: which jobs a campaign, an incident or a hold speaks of, and what it asks."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from controller.core.calendar import Calendar
from controller.core.interval import Instant
from controller.core.job import Job, JobKey

CLOSE_EARLY = 60
"""By how many seconds a close or the begin of a known incident is anticipated where no campaign says otherwise."""


def glob_pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One case-sensitive pattern for several globs; only `*` and `?` are special (brackets are literal)."""
    parts = (re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".") for glob in globs)
    return re.compile("|".join(parts), re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which jobs are meant: the keys are ANDed, the items of one key ORed; an empty tuple asks nothing.

    `campaigns` is used by incidents only: the names of campaigns of which at least one must match the job.
    """

    workspaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    except_workspaces: tuple[str, ...] = ()
    except_names: tuple[str, ...] = ()
    except_agents: tuple[str, ...] = ()
    except_ids: tuple[str, ...] = ()
    except_campaigns: tuple[str, ...] = ()
    _names: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _except_names: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _names_alone: bool = field(init=False, repr=False, compare=False)
    """Whether nothing but `names` is asked, as of most selectors."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", glob_pattern(self.names) if self.names else None)
        object.__setattr__(self, "_except_names", glob_pattern(self.except_names) if self.except_names else None)
        object.__setattr__(self, "_names_alone", not any(getattr(self, key) for key in _BESIDE_NAMES))

    def matches(self, job: Job, campaigns: tuple[str, ...] = ()) -> bool:
        """Whether the job is meant; `campaigns` are the names of the campaigns that match it."""
        if self._names is not None and self._names.fullmatch(job.name) is None:
            return False
        return self._names_alone or (self._includes(job, campaigns) and not self._excludes(job, campaigns))

    def _includes(self, job: Job, campaigns: tuple[str, ...]) -> bool:
        return (
            (not self.workspaces or job.workspace in self.workspaces)
            and (not self.ids or job.id in self.ids)
            and (not self.agents or job.agent_id in self.agents)
            and (not self.campaigns or not set(self.campaigns).isdisjoint(campaigns))
        )

    def _excludes(self, job: Job, campaigns: tuple[str, ...]) -> bool:
        return (
            job.workspace in self.except_workspaces
            or job.id in self.except_ids
            or job.agent_id in self.except_agents
            or (self._except_names is not None and self._except_names.fullmatch(job.name) is not None)
            or not set(self.except_campaigns).isdisjoint(campaigns)
        )


_BESIDE_NAMES = tuple(each.name for each in fields(Selector) if each.init and each.name != "names")
SELECTOR_KEYS = tuple(each.name for each in fields(Selector) if each.init)
"""The keys of a selector, in their order."""


class Resume(StrEnum):
    """What a campaign lets us resume: nothing, what we paused ourselves, or every pause."""

    NEVER = "never"
    OWN = "own"
    ANY = "any"


class OnDrift(StrEnum):
    """What a campaign wants done when the provider schedule allows what the rules forbid."""

    REPORT = "report"
    PAUSE = "pause"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, eq=False)
class Campaign:
    """A rule: a selector, the calendars that its jobs must obey (all of them), and a policy.

    `close_early` is in seconds. Compared by identity: one revision holds one object for a campaign.
    """

    name: str
    match: Selector
    calendars: tuple[Calendar, ...]
    close_early: int = CLOSE_EARLY
    resume: Resume = Resume.OWN
    start: bool = False
    on_drift: OnDrift = OnDrift.REPORT


@dataclass(frozen=True, slots=True)
class Incident:
    """An absolute interval in which the jobs that it covers must not dial. `until` is math.inf while its end is open.

    Without `match` it covers every job that a campaign matches; `everything` covers unmatched jobs too. `author` is who
    opened it, None for one that stands in the rules.
    """

    name: str
    reason: str
    since: Instant
    until: Instant = math.inf
    match: Selector | None = None
    everything: bool = False
    author: str | None = None

    def __hash__(self) -> int:
        """Cheaper than of all fields: judgements are kept by the incidents on which they rest."""
        return hash(self.name)

    def covers(self, job: Job, campaigns: tuple[str, ...]) -> bool:
        """Whether the incident speaks of this job, at whatever time; `campaigns` are those that match the job."""
        if self.everything:
            return True
        return bool(campaigns) if self.match is None else self.match.matches(job, campaigns)


@dataclass(frozen=True, slots=True)
class Hold:
    """A person's instruction that one job must not dial. `until` is math.inf where no end was given."""

    job: JobKey
    author: str
    reason: str
    since: Instant
    until: Instant = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The parsed rules of one revision. `sources` maps file name to text, as read."""

    revision: str
    calendars: Mapping[str, Calendar]
    campaigns: tuple[Campaign, ...]
    incidents: tuple[Incident, ...]
    sources: Mapping[str, str]
