"""One revision, ready to be asked: jobs matched once, calendars compiled on demand."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from controller.core.campaign import CLOSE_EARLY, Incident, RuleSet
from controller.core.drift import find_drift
from controller.core.finding import Finding
from controller.core.hours import CampaignHours
from controller.core.interval import Instant
from controller.core.job import Job, JobKey


class Matching(NamedTuple):
    """The campaigns that match a job, and their names."""

    campaigns: tuple[CampaignHours, ...]
    names: tuple[str, ...]


class Rulebook:
    """The campaigns and incidents of one revision. What it remembers are answers that cannot change within it."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.campaigns = {campaign.name: CampaignHours(campaign) for campaign in rules.campaigns}
        self._matches: dict[JobKey, tuple[str, str, Matching]] = {}
        self._matchings: dict[tuple[CampaignHours, ...], Matching] = {}
        self._drift: dict[tuple[str | None, tuple[CampaignHours, ...]], tuple[Finding, ...]] = {}
        self._drift_day = -1

    def campaigns_of(self, job: Job) -> tuple[CampaignHours, ...]:
        """The campaigns that match the job, in the order of the rules."""
        return self.matching(job).campaigns

    def matching(self, job: Job) -> Matching:
        """The same with their names; asked once while the job's name and agent stay, and one object for all jobs that
        the same campaigns match.
        """
        known = self._matches.get(job.key)
        if known is not None and known[0] == job.name and known[1] == job.agent_id:
            return known[2]
        found = tuple(hours for hours in self.campaigns.values() if hours.campaign.match.matches(job))
        matching = self._matchings.get(found)
        if matching is None:
            matching = self._matchings[found] = Matching(found, tuple(hours.campaign.name for hours in found))
        self._matches[job.key] = (job.name, job.agent_id, matching)
        return matching

    def incidents_of(self, job: Job) -> tuple[Incident, ...]:
        """The incidents of the rules that cover the job, at whatever time."""
        if not self.rules.incidents:
            return ()
        names = self.matching(job).names
        return tuple(incident for incident in self.rules.incidents if incident.covers(job, names))

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
        return tuple(replace(finding, job=job.key) for finding in self._drift[key])

    def forget(self, jobs: Iterable[JobKey]) -> None:
        """Drop what is remembered of jobs that are no longer there."""
        for job in jobs:
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
