"""In which order the pauses of one close leave."""

from hypothesis import given
from hypothesis import strategies as st

from controller.core.decision import Action, Because, Decision, Desired, Reason
from controller.core.job import Job, Status
from controller.core.pausing_order import pausing_order

PAUSING = (Because.RUNNING, Because.OVERRIDDEN, Because.UNKNOWN_STATUS, Because.RESUME_UNPROVEN)


def pause(job_id: str, because: Because = Because.RUNNING, agent: str = "a") -> Decision:
    job = Job("main", job_id, job_id, Status.ACTIVE, agent, None, "ACTIVE")
    return Decision(job, Desired.PAUSE, Action.PAUSE, because, Reason.OUTSIDE_HOURS, "", None)


def ids(decisions: list[Decision]) -> list[str]:
    return [decision.job.id for decision in decisions]


def test_what_surely_dials_goes_before_what_may_and_what_might_come_to() -> None:
    given_order = [pause(because.value, because) for because in reversed(PAUSING)]
    assert ids(pausing_order(given_order)) == ["overridden", "running", "unknown_status", "resume_unproven"]


def test_agents_take_turns() -> None:
    decisions = [
        pause(f"{agent}{number}", agent=agent) for agent in "abc" for number in range(3 if agent == "a" else 2)
    ]
    assert ids(pausing_order(decisions)) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2"]


def test_turns_are_counted_for_each_urgency_by_itself() -> None:
    decisions = [
        pause("a0", Because.RESUME_UNPROVEN),
        pause("a1", Because.RESUME_UNPROVEN),
        pause("b0", Because.RESUME_UNPROVEN, "b"),
        pause("a2"),
        pause("a3"),
        pause("b1", agent="b"),
    ]
    assert ids(pausing_order(decisions)) == ["a2", "b1", "a3", "a0", "b0", "a1"]


@given(st.lists(st.tuples(st.sampled_from(PAUSING), st.sampled_from("abc")), max_size=30))
def test_each_is_there_once_and_of_one_agent_and_urgency_in_the_order_given(rows: list[tuple[Because, str]]) -> None:
    decisions = [pause(f"{number:02}", because, agent) for number, (because, agent) in enumerate(rows)]
    ordered = pausing_order(decisions)
    assert sorted(ids(ordered)) == ids(decisions)
    for because in PAUSING:
        for agent in "abc":
            same = [each.job.id for each in ordered if (each.because, each.job.agent_id) == (because, agent)]
            assert same == sorted(same)
