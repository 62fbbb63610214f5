"""Jobs that no campaign speaks of, and campaigns that speak of no job: a typing error in a name is one of both."""

from collections.abc import Iterable, Mapping

from controller.core.campaign import Campaign
from controller.core.job import Job
from controller.core.rulebook import Rulebook
from controller.doctor.check import Check, ok, some, warn

_JOBS, _CAMPAIGN = "jobs", "campaign"


def check_matching(rulebook: Rulebook, jobs: Mapping[str, Iterable[Job] | None]) -> list[Check]:
    """`jobs` are the unfinished ones of each workspace, None where they could not be read."""
    read = {workspace: tuple(found) for workspace, found in jobs.items() if found is not None}
    unread = [workspace for workspace in jobs if workspace not in read]
    return [
        *(_unmatched(rulebook, workspace, found) for workspace, found in read.items()),
        *_idle(rulebook, [job for found in read.values() for job in found], unread),
    ]


def _unmatched(rulebook: Rulebook, workspace: str, jobs: tuple[Job, ...]) -> Check:
    lone = sorted(f"{job.name} ({job.id})" for job in jobs if not rulebook.campaigns_of(job))
    if not lone:
        return ok(_JOBS, workspace, f"a campaign matches each of {len(jobs)}")
    seen = f"no campaign matches {len(lone)} of {len(jobs)}, which are left as they are: {some(lone)}"
    return warn(_JOBS, workspace, seen, "let a campaign's `match` have them, where they must obey hours")


def _idle(rulebook: Rulebook, jobs: list[Job], unread: list[str]) -> list[Check]:
    matching = {hours.campaign.name for job in jobs for hours in rulebook.campaigns_of(job)}
    idle = [each for each in rulebook.rules.campaigns if each.name not in matching]
    if not idle and matching:
        return [ok(_CAMPAIGN, "", f"each of {len(matching)} matches a job")]
    return [_without_jobs(campaign, unread) for campaign in idle]


def _without_jobs(campaign: Campaign, unread: list[str]) -> Check:
    wanted = campaign.match.workspaces or unread
    unasked = [name for name in unread if name in wanted and name not in campaign.match.except_workspaces]
    if unasked:
        seen = f"it matches no job that could be read; not those of {some(unasked)}"
        return warn(_CAMPAIGN, campaign.name, seen, "run doctor again when they can be read")
    right = "compare its `match` with the names in Vogent, letter by letter; or remove it"
    return warn(_CAMPAIGN, campaign.name, "it matches no unfinished job", right)
