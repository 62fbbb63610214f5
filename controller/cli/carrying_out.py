"""Changing something by command: through the daemon where one runs, else with the store's lock in our own hands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.build import new_id, open_clients
from controller.cli.context import SEEN_KEYS, start_logs
from controller.cli.exit_codes import FAILED
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.clock import Clock
from controller.core.job import JobKey
from controller.core.rulebook import Rulebook
from controller.runtime.ledger import Ledger
from controller.runtime.operations import Operations
from controller.runtime.ownership import Answer, Ownership
from controller.settings import Settings
from controller.shown.printable import printable
from controller.store.errors import StoreLocked
from controller.store.store import Store
from controller.web.daemon_client import ask_daemon

ANSWER_FIELDS = ("workspace", "job", "name", "problem")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is changed."""

    settings: Settings
    clock: Clock
    rulebook: Rulebook


@dataclass(frozen=True, slots=True)
class Ours:
    """What changes the store while no daemon does."""

    operations: Operations
    ownership: Ownership


def carry_out(
    place: Place,
    path: str,
    body: Mapping[str, Any],
    without_daemon: Callable[[Ours], Awaitable[Any]],
    names: Mapping[JobKey, str] | None = None,
) -> Any:  # noqa: ANN401 - the answer's JSON
    """POST the body to the daemon; where none holds the store, do the same by `without_daemon`, which gives what the
    daemon would answer. `names` are those of jobs that are known.

    Raises DaemonError, OperationRefused, StoreError.
    """

    async def main() -> Any:  # noqa: ANN401 - the same
        try:
            store = await Store.open(place.settings.store)
        except StoreLocked:
            return await ask_daemon(place.settings.control, "POST", path, body)
        try:
            ledger = Ledger.of(store.write, await store.kept(), stored=store.open_claim)
            async with open_clients(place.settings, SEEN_KEYS) as clients:
                answer = await without_daemon(_ours(place, ledger, clients, names or {}))
            await ledger.close()
            return answer
        finally:
            await store.close()

    logs = start_logs(place.settings, place.clock, level="error")
    try:
        return asyncio.run(main())
    finally:
        logs.close(LOG_FLUSH_SECONDS)


def _ours(place: Place, ledger: Ledger, clients: Mapping[str, Any], names: Mapping[JobKey, str]) -> Ours:
    def rules() -> Rulebook:
        return place.rulebook

    operations = Operations(
        ledger,
        place.clock,
        rules,
        frozenset(place.settings.workspaces),
        new_id,
        lambda job: names.get(job, job.id),
        lambda _trigger: None,
    )
    return Ours(operations, Ownership(clients, ledger, place.clock, rules, new_id))


def tell_answers(output: str, answers: Sequence[Mapping[str, Any]], done: str) -> None:
    """Show what became of each job, `done` where all went well; exit with 1 where anything did not."""

    def line(answer: Mapping[str, Any]) -> str:
        return printable(f"{answer['name']} ({answer['workspace']}/{answer['job']}): {answer['problem'] or done}")

    show(output, [dict(answer) for answer in answers], ANSWER_FIELDS, lambda: "\n".join(map(line, answers)))
    if any(answer["problem"] for answer in answers):
        raise SystemExit(FAILED)


def answers_json(answers: list[Answer]) -> list[dict[str, Any]]:
    """What became of each job, as the daemon answers it."""
    return [answer.as_json() for answer in answers]


def jobs_body(jobs: Sequence[JobKey], author: str, reason: str) -> dict[str, Any]:
    """A request about these jobs."""
    named = [{"workspace": job.workspace, "id": job.id} for job in jobs]
    return {"jobs": named, "author": author, "reason": reason}
