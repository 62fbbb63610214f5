"""Everything beside the job's own state that a decision about it rests on."""

from dataclasses import dataclass

from controller.core.campaign import CLOSE_EARLY, Campaign, Hold, Incident, OnDrift, Resume
from controller.core.claim import Claim
from controller.core.finding import Finding
from controller.core.hours import CampaignHours

_LEAST_FIRST = (Resume.NEVER, Resume.OWN, Resume.ANY)


@dataclass(frozen=True, slots=True)
class Situation:
    """The campaigns that match one job, the incidents that cover it and the holds on it (at whatever time), its open
    claim, and what was found on its provider schedule.

    `unproven` says that a resume or start of ours, of which no claim speaks, may still take effect.
    """

    campaigns: tuple[CampaignHours, ...]
    incidents: tuple[Incident, ...] = ()
    holds: tuple[Hold, ...] = ()
    claim: Claim | None = None
    drift: tuple[Finding, ...] = ()
    unproven: bool = False

    @property
    def close_early(self) -> int:
        """By how many seconds the begin of a known incident is anticipated: the most that any campaign asks, and the
        default for a job that none matches.
        """
        return max((hours.campaign.close_early for hours in self.campaigns), default=CLOSE_EARLY)

    @property
    def campaign_names(self) -> tuple[str, ...]:
        """The names of the matching campaigns."""
        return tuple(hours.campaign.name for hours in self.campaigns)


def least_resume(campaigns: tuple[Campaign, ...]) -> Resume:
    """The policy that holds for a job of these campaigns: never < own < any, the least wins."""
    return min((campaign.resume for campaign in campaigns), key=_LEAST_FIRST.index, default=Resume.OWN)


def all_start(campaigns: tuple[Campaign, ...]) -> bool:
    """Whether a job of these campaigns may be started: only if there is one and all say so."""
    return bool(campaigns) and all(campaign.start for campaign in campaigns)


def any_pauses_on_drift(campaigns: tuple[Campaign, ...]) -> bool:
    """Whether dangerous drift pauses a job of these campaigns: if any says so."""
    return any(campaign.on_drift is OnDrift.PAUSE for campaign in campaigns)
