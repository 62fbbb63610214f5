"""One revision, ready to be asked: jobs matched once, calendars compiled on demand."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from controller.core.campaign import CLOSE_EARLY, Incident, RuleSet
from controller.core.drift import find_drift
from controller.core.finding import Finding
from controller.core.hours import CampaignHours
from controller.core.interval import Instant
from controller.core.job import Job, JobKey
from controller.core.judgements import Judgements
from controller.core.situation import Situation, any_pauses_on_drift


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """The campaigns that match a job, their names, and the incidents of the rules that cover it, at whatever time.
    Compared by identity.
    """

    campaigns: tuple[CampaignHours, ...]
    names: tuple[str, ...]
    incidents: tuple[Incident, ...]
    pauses_on_drift: bool
    situation: Situation
    """Of a job about which there is nothing beside the rules."""


class Rulebook:
    """The campaigns and incidents of one revision. What it remembers are answers that cannot change within it."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.campaigns = {campaign.name: CampaignHours(campaign) for campaign in rules.campaigns}
        self.judgements = Judgements()
        self._matched: dict[JobKey, Job] = {}
        self._matches: dict[JobKey, Matching] = {}
        self._matchings: dict[tuple[tuple[CampaignHours, ...], tuple[int, ...]], Matching] = {}
        self._drift: dict[tuple[str | None, tuple[CampaignHours, ...]], tuple[Finding, ...]] = {}
        self._drift_day = -1

    def campaigns_of(self, job: Job) -> tuple[CampaignHours, ...]:
        """The campaigns that match the job, in the order of the rules."""
        return self.matching(job).campaigns

    def matching(self, job: Job) -> Matching:
        """What the rules say of the job, asked once while its name and agent stay; one object for all jobs of which
        they say the same.
        """
        key = job.key
        known = self._matched.get(key)
        if known is not job:
            if known is None or known.name != job.name or known.agent_id != job.agent_id:
                self._matches[key] = self._match(job)
            self._matched[key] = job
        return self._matches[key]

    def _match(self, job: Job) -> Matching:
        found = tuple([hours for hours in self.campaigns.values() if hours.campaign.match.matches(job)])
        names = tuple([hours.campaign.name for hours in found])
        covering = [number for number, each in enumerate(self.rules.incidents) if each.covers(job, names)]
        key = (found, tuple(covering))
        matching = self._matchings.get(key)
        if matching is None:
            incidents = tuple(self.rules.incidents[number] for number in covering)
            pauses_on_drift = any_pauses_on_drift(tuple(hours.campaign for hours in found))
            matching = self._matchings[key] = Matching(
                found, names, incidents, pauses_on_drift, Situation(found, incidents)
            )
        return matching

    def incidents_of(self, job: Job) -> tuple[Incident, ...]:
        """The incidents of the rules that cover the job, at whatever time."""
        return self.matching(job).incidents

    def drift_of(self, job: Job, now: Instant) -> tuple[Finding, ...]:
        """What differs between the job's provider schedule and its campaigns' weekly hours. Jobs with the same
        schedule and the same campaigns are compared once a day (UTC), since the weeks ahead move on.
        """
        day = int(now // 86_400)
        if day != self._drift_day:
            self._drift.clear()
            self._drift_day = day
        campaigns = self.campaigns_of(job)
        key = (job.schedule, campaigns)
        if key not in self._drift:
            self._drift[key] = find_drift(job.key, job.schedule, tuple(each.campaign for each in campaigns), now)
        return tuple([Finding(job.key, each.kind, each.detail, each.facts) for each in self._drift[key]])

    def forget(self, jobs: Iterable[JobKey]) -> None:
        """Drop what is remembered of jobs that are no longer there."""
        for job in jobs:
            self._matched.pop(job, None)
            self._matches.pop(job, None)

    def next_transition(self, now: Instant) -> Instant | None:
        """The next instant after `now` at which any job's desired state may change; None if none within 400 days."""
        changes = (hours.next_change(now) for hours in self.campaigns.values())
        coming = [change for change in changes if change is not None]
        leads = {0, CLOSE_EARLY, *(hours.campaign.close_early for hours in self.campaigns.values())}
        for incident in self.rules.incidents:
            edges = (incident.until, *(incident.since - lead for lead in leads))
            coming += (edge for edge in edges if now < edge < math.inf)
        return min(coming, default=None)
