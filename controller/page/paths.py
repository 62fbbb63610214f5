"""Where things are."""

from urllib.parse import quote

from controller.core.job import JobKey


def job_path(key: JobKey) -> str:
    """A job's page; ids may hold anything."""
    return f"/jobs/{quote(key.workspace, safe='')}/{quote(key.id, safe='')}"


def path_of(workspace: str, job_id: str) -> str:
    """The same, of a record."""
    return job_path(JobKey(workspace, job_id))


def coming_path(campaign: str) -> str:
    """The coming days of one campaign."""
    return f"/coming?campaign={quote(campaign, safe='')}"


def close_path(incident: str) -> str:
    """Where an incident is closed."""
    return f"/stop/{quote(incident, safe='')}/close"
