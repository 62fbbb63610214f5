"""Deciding about one job: ten campaigns of which two match it, and three incidents."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from controller.core.campaign import Incident, Selector
from controller.core.job import Job, Status
from controller.core.rulebook import Rulebook
from controller.runtime.snapshot import Snapshot
from tests.bench.contestants import NOW, Missing, opening_hours
from tests.bench.micro import by_turns
from tests.bench.ours import floor, rulebook
from tests.bench.table import Bar, Row, compared, missing
from tests.core.build import campaign

PART = "decide"


def measure() -> Iterator[Row]:
    """Every row of this part."""
    book = _book()
    jobs = [_job(number) for number in range(1000)]
    snapshot = Snapshot(NOW, book, {})
    assert len(book.campaigns_of(jobs[0])) == 2
    for job in jobs:
        snapshot.decide(job)
    numbers = iter(range(10**9))

    def cached() -> object:
        return snapshot.decide(jobs[next(numbers) % 1000])

    def cold() -> object:
        """The first time that the job is seen by these rules, at an instant at which nothing was judged yet."""
        job = jobs[next(numbers) % 1000]
        book.forget([job.key])
        return Snapshot(NOW + next(numbers) % 1000 / 1000, book, {}).decide(job)

    bars = (("matches cached", cached, Bar.at_most(1)), ("cold", cold, Bar.at_most(4)))
    try:
        theirs = opening_hours()
    except Missing as why:
        yield from (missing(PART, what, "opening-hours-py is_open", bar, str(why)) for what, _ours, bar in bars)
        return
    moment = datetime.fromtimestamp(NOW, ZoneInfo("UTC"))
    for what, ours, bar in bars:
        mine, other = by_turns(ours, lambda: theirs.is_open(moment))
        yield compared(PART, what, "µs", mine, "opening-hours-py is_open", other, bar)


def _book() -> Rulebook:
    names = [("US renewals *",), ("* east",), *((f"Other {number} *",) for number in range(8))]
    campaigns = [campaign(floor(), name=f"campaign-{n}", match=Selector(names=each)) for n, each in enumerate(names)]
    incidents = (
        Incident("past", "over", NOW - 7200, NOW - 3600),
        Incident("elsewhere", "not ours", NOW - 60, match=Selector(names=("Other *",))),
        Incident("planned", "later", NOW + 86_400, NOW + 90_000),
    )
    return rulebook(*campaigns, incidents=incidents)


def _job(number: int) -> Job:
    return Job("main", f"job-{number}", f"US renewals {number} east", Status.ACTIVE, "agent", None, "ACTIVE")
