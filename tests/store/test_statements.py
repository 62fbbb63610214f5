"""What is written comes back; over a synchronous connection, as a caller without asyncio has it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import IntegrityError

from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.job import JobKey
from controller.store import statements
from controller.store.changes import Audit, CloseFinding, OpenFinding, PutClaim, UseRevision
from controller.store.records import AuditFilter, StoredRevision
from controller.store.tables import findings, metadata

MakeClaim = Callable[..., Claim]

JOB = JobKey("main", "job_1")
WIDER = Finding(JOB, FindingKind.SCHEDULE_WIDER, "Sunday 10:00", {"hours": [1, 2.5, None], "zone": "Łódź"})


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_a_claim_comes_back_as_it_was_put(connection: Connection, make_claim: MakeClaim) -> None:
    claim = make_claim(author="Ann Ng", campaigns=("a", "Łódź"), detail='it\'s "quoted"')
    statements.apply(connection, [PutClaim(claim)])
    assert statements.open_claims(connection) == [claim]
    assert statements.open_claims(connection)[0].state is ClaimState.INTENDED


def test_a_claim_put_again_replaces_the_one_with_its_id(connection: Connection, make_claim: MakeClaim) -> None:
    claim = make_claim()
    held = claim._replace(state=ClaimState.HELD, reason="holiday", changed=2000.0)
    statements.apply(connection, [PutClaim(claim)])
    statements.apply(connection, [PutClaim(held)])
    assert statements.claims(connection) == [held]


@pytest.mark.parametrize("state", [state for state in ClaimState if not state.open])
def test_a_closed_claim_is_no_open_one_and_makes_room_for_the_next(
    connection: Connection, make_claim: MakeClaim, state: ClaimState
) -> None:
    closed, following = make_claim("c1", state=state), make_claim("c2", since=2000.0)
    statements.apply(connection, [PutClaim(make_claim("c1"))])
    statements.apply(connection, [PutClaim(closed), PutClaim(following)])
    assert statements.open_claims(connection) == [following]
    assert statements.claims(connection) == [closed, following]


@pytest.mark.parametrize("state", [state for state in ClaimState if state.open])
def test_two_open_claims_for_one_job_are_refused(
    connection: Connection, make_claim: MakeClaim, state: ClaimState
) -> None:
    statements.apply(connection, [PutClaim(make_claim("c1"))])
    with pytest.raises(IntegrityError):
        statements.apply(connection, [PutClaim(make_claim("c2", state=state))])


def test_jobs_of_one_id_in_two_workspaces_are_claimed_apart(connection: Connection, make_claim: MakeClaim) -> None:
    claims = [make_claim("c1", workspace="a"), make_claim("c2", workspace="b")]
    statements.apply(connection, [PutClaim(claim) for claim in claims])
    assert statements.open_claims(connection) == claims


def test_claims_are_the_newest_of_one_job_or_of_all_oldest_first(connection: Connection, make_claim: MakeClaim) -> None:
    done = ClaimState.RESUMED
    old, new = (make_claim(name, state=done, since=since) for name, since in (("x", 1.0), ("c", 2.0)))
    other = make_claim("b", job_id="job_2", since=3.0)
    statements.apply(connection, [PutClaim(claim) for claim in (other, new, old)])
    assert statements.claims(connection) == [old, new, other]
    assert statements.claims(connection, limit=2) == [new, other]
    assert statements.claims(connection, JOB) == [old, new]
    assert statements.claims(connection, JOB, 1) == [new]
    assert statements.claims(connection, JobKey("other", "job_1")) == []


def test_a_state_that_does_not_exist_is_refused(connection: Connection, make_claim: MakeClaim) -> None:
    with pytest.raises(IntegrityError):
        statements.apply(connection, [PutClaim(make_claim(state="asleep"))])


def test_half_a_surrogate_pair_in_a_name_refuses_no_batch(connection: Connection, make_claim: MakeClaim) -> None:
    statements.apply(connection, [PutClaim(make_claim(job_name="a\ud800b"))])
    assert statements.open_claims(connection)[0].job_name == "a?b"


def test_a_finding_comes_back_with_its_since(connection: Connection) -> None:
    statements.apply(connection, [OpenFinding(WIDER, 10.5)])
    assert statements.open_findings(connection) == [(WIDER, 10.5)]


def test_a_finding_opened_again_keeps_its_since_and_takes_the_new_words(connection: Connection) -> None:
    changed = replace(WIDER, detail="Saturday too", facts={})
    statements.apply(connection, [OpenFinding(WIDER, 10.0)])
    statements.apply(connection, [OpenFinding(changed, 20.0)])
    assert statements.open_findings(connection) == [(changed, 10.0)]


def test_a_finding_that_went_and_came_back_is_a_new_one_in_one_batch_too(connection: Connection) -> None:
    other = Finding(JOB, FindingKind.VERIFY_FAILED, "still ACTIVE")
    statements.apply(connection, [OpenFinding(WIDER, 10.0), OpenFinding(other, 15.0)])
    closed = CloseFinding(JOB, FindingKind.SCHEDULE_WIDER, 20.0)
    statements.apply(connection, [closed, OpenFinding(WIDER, 30.0)])
    assert statements.open_findings(connection) == [(other, 15.0), (WIDER, 30.0)]
    statements.apply(connection, [replace(closed, at=40.0)])
    assert statements.open_findings(connection) == [(other, 15.0)]


def test_closing_a_finding_that_is_not_open_does_nothing(connection: Connection) -> None:
    statements.apply(connection, [CloseFinding(JOB, FindingKind.SCHEDULE_WIDER, 20.0)])
    statements.apply(connection, [OpenFinding(WIDER, 30.0)])
    statements.apply(connection, [CloseFinding(JobKey("other", "job_1"), FindingKind.SCHEDULE_WIDER, 40.0)])
    assert statements.open_findings(connection) == [(WIDER, 30.0)]


def test_a_finding_of_a_later_version_is_left_alone(connection: Connection) -> None:
    statements.apply(connection, [OpenFinding(WIDER, 10.0)])
    connection.execute(findings.update().values(kind="of_a_later_version"))
    assert statements.open_findings(connection) == []


def test_before_any_rules_there_is_no_last_revision(connection: Connection) -> None:
    assert statements.last_revision(connection) is None


def test_the_last_revision_is_the_one_used_last_even_if_the_clock_was_set_back(connection: Connection) -> None:
    def use(revision: str, at: float) -> UseRevision:
        return UseRevision(revision, {"a.yaml": f"# {at}\n"}, "2026.6", "0.109", at)

    statements.apply(connection, [use("aaa", 100.0)])
    statements.apply(connection, [use("bbb", 50.0)])
    assert statements.last_revision(connection) == StoredRevision(
        "bbb", {"a.yaml": "# 50.0\n"}, "2026.6", "0.109", 50.0, 50.0
    )
    statements.apply(connection, [use("aaa", 40.0)])
    assert statements.last_revision(connection) == StoredRevision(
        "aaa", {"a.yaml": "# 40.0\n"}, "2026.6", "0.109", 100.0, 40.0
    )


def test_a_line_of_the_audit_comes_back_with_a_number(connection: Connection) -> None:
    full = Audit(
        at=10.5,
        event="job.paused",
        actor="Ann",
        workspace="main",
        job_id="job_1",
        job_name="US 1",
        campaigns=("a", "b"),
        action="pause",
        reason="holiday",
        detail="Thanksgiving",
        result="verified",
        pass_id="p1",
        revision="abc",
        facts={"status": "PAUSED", "attempts": 2},
    )
    bare = Audit(at=11.0, event="rules.reloaded")
    statements.apply(connection, [full, bare])
    rows = statements.audit_rows(connection, AuditFilter())
    assert [row.id for row in rows] == [1, 2]
    names = Audit.__slots__
    assert [[getattr(row, name) for name in names] for row in rows] == [
        [getattr(line, name) for name in names] for line in (full, bare)
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(), [1, 2, 3, 4]),
        (AuditFilter(limit=2), [3, 4]),
        (AuditFilter(limit=0), []),
        (AuditFilter(workspace="main"), [1, 2]),
        (AuditFilter(job_id="job_1"), [1, 3]),
        (AuditFilter(workspace="main", job_id="job_1"), [1]),
        (AuditFilter(event="job.*"), [1, 2]),
        (AuditFilter(event="job.paused"), [1]),
        (AuditFilter(event="job.?aused"), [1]),
        (AuditFilter(event="JOB.*"), []),
        (AuditFilter(event="[j]ob.paused"), []),
        (AuditFilter(event="[odd]*"), [4]),
        (AuditFilter(since=20.0), [2, 3]),
        (AuditFilter(until=20.0), [1, 4]),
        (AuditFilter(since=10.0, until=30.0, limit=1), [4]),
        (AuditFilter(before=3), [1, 2]),
        (AuditFilter(before=4, limit=2), [2, 3]),
        (AuditFilter(after=1, limit=2), [2, 3]),
        (AuditFilter(after=0, job_id="job_1"), [1, 3]),
        (AuditFilter(after=1, before=4), [2, 3]),
        (AuditFilter(after=4), []),
    ],
)
def test_the_audit_is_filtered_in_the_order_of_writing(
    connection: Connection, wanted: AuditFilter, found: list[int]
) -> None:
    lines = [
        Audit(10.0, "job.paused", workspace="main", job_id="job_1"),
        Audit(20.0, "job.resumed", workspace="main", job_id="job_2"),
        Audit(30.0, "schedule.drifted", workspace="other", job_id="job_1"),
        Audit(15.0, "[odd].name"),
    ]
    statements.apply(connection, lines)
    assert [row.id for row in statements.audit_rows(connection, wanted)] == found


@pytest.mark.parametrize("facts", [{"until": math.inf}, {"until": math.nan}, {"job": object()}])
def test_facts_that_are_not_json_are_refused(connection: Connection, facts: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        statements.apply(connection, [Audit(1.0, "job.paused", facts=facts)])
