"""Does an answer agree with what was asked? Only the field that was set is compared."""

from controller.core.decision import Action
from controller.core.finding import Finding, FindingKind
from controller.core.job import Job, Status

_STOPPED = frozenset({Status.PAUSED, Status.INIT, Status.COMPLETE, Status.CANCELLED})
_GOING = frozenset({Status.ACTIVE, Status.COMPLETE, Status.CANCELLED})


def agrees(action: Action, answer: Job) -> bool:
    """Whether the answered status is what the action asks for. A job that finished meanwhile agrees with both; a
    pause also agrees with INIT, which does not dial.
    """
    return answer.status in (_STOPPED if action is Action.PAUSE else _GOING)


def verify_failed(action: Action, answer: Job, seconds: float) -> Finding:
    """The finding for a change that was not seen to take effect for that many seconds."""
    return Finding(
        answer.key,
        FindingKind.VERIFY_FAILED,
        f"{action} was sent, and after {seconds:g} s the job still says {answer.status_text}",
        {"action": action.value, "status": answer.status_text},
    )
