"""The command: sets the stage in a temporary folder, runs the play, shows what happened."""

import asyncio
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from controller.app import Daemon
from controller.cli.context import CLOCK_VARIABLE, SEEN_KEYS
from controller.cli.demo.story import ZONE, Seen, act, cast, review
from controller.cli.exit_codes import FAILED
from controller.cli.failures import reporting_failures
from controller.cli.output import console
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.clock import ShiftedClock
from controller.rules.loader import load_rules_folder
from controller.sandbox.answers import CallCounts
from controller.sandbox.sandbox import Sandbox
from controller.settings import load_settings
from controller.store.reader import StoreReader
from controller.store.records import AuditFilter, AuditRow
from controller.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from rich.table import Table

RATE = 60.0
START = datetime(2026, 11, 25, 9, 1, tzinfo=ZoneInfo("America/New_York")).timestamp()

_KEY = "demo-key"
_CONFIG = """\
workspaces:
  main:
    base_url: {url}
    api_key: {{file: key}}
rules: rules/
resync: 30s
store: sqlite:///var/controller.db
control: control.sock
listen: 127.0.0.1:0
"""


@click.command()
@click.option("--keep-running", is_flag=True, help="Go on after the play, until Ctrl-C.")
@reporting_failures
def demo(keep_running: bool) -> None:
    """Show sandbox and daemon at work on sample rules, in half a minute; no key, no network.

    Exit 1 if anything that should have been seen was not, or a call began that should not have.
    """
    folder = Path(tempfile.mkdtemp(prefix="controller-demo-"))
    try:
        as_expected = _play(folder, keep_running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not as_expected:
        raise SystemExit(FAILED)


@dataclass(frozen=True, slots=True)
class _Played:
    """`whole`: the play went to its end, and no signal ended it."""

    rows: list[AuditRow]
    stats: CallCounts
    whole: bool


def _play(folder: Path, keep_running: bool) -> bool:
    """Whether all was seen that should have been, as far as the play went."""
    clock = ShiftedClock.from_now(START, RATE)
    _introduce(clock)
    rules = folder / "rules"
    rules.mkdir()
    (rules / "demo.yaml").write_bytes(files("controller.cli.demo").joinpath("rules.yaml").read_bytes())
    (folder / "key").write_text(_KEY)
    logs = configure_logs("console", "info", sys.stdout, now=clock.now, secrets=lambda: SEEN_KEYS)
    try:
        played = asyncio.run(_run(folder, clock, keep_running))
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    seen, stats = review(played.rows), played.stats
    console().print(_table(seen, "NOT SEEN" if played.whole else "not reached"))
    click.echo(
        f"The sandbox began {stats.calls_begun} calls; {stats.forbidden_total} of them while a job should have been "
        f"closed, by its own judge."
    )
    return not stats.forbidden_total and (not played.whole or all(step.at is not None for step in seen))


def _introduce(clock: ShiftedClock) -> None:
    click.echo(
        f"Sandbox and daemon share one clock that runs {RATE:.0f} times as fast: a second here is a minute there.\n"
        f"It starts at {datetime.fromtimestamp(clock.start, ZONE):%A %Y-%m-%d %H:%M} in New York; log times are UTC "
        f"(New York is 5 hours behind)."
    )


async def _run(folder: Path, clock: ShiftedClock, keep_running: bool) -> _Played:
    box = Sandbox(clock, _KEY)
    cast(box)
    box.judge_by(load_rules_folder(folder / "rules", now=clock.now()).rules)
    url = await box.start()
    config = folder / "controller.yaml"
    config.write_text(_CONFIG.format(url=url))
    settings = load_settings(config)
    daemon = Daemon(settings, clock, SEEN_KEYS)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    running = asyncio.create_task(daemon.run())
    acting = asyncio.create_task(act(box, clock, START))
    try:
        await asyncio.wait({running, acting}, return_when=asyncio.FIRST_COMPLETED)
        whole = acting.done()
        if keep_running and not running.done():
            click.echo(_invitation(config, clock, daemon.url))
            await running
        stats = box.stats().total  # before the daemon ends: nobody pauses from then on
        daemon.stop()
        await running
    finally:
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
        await box.close()
    return _Played(await _history(settings.store), stats, whole)


async def _history(store: str) -> list[AuditRow]:
    reader = await StoreReader.open(store)
    if reader is None:
        return []
    try:
        return await reader.audit_rows(AuditFilter())
    finally:
        await reader.close()


def _invitation(config: Path, clock: ShiftedClock, url: str | None) -> str:
    api = f"\n  curl '{url}/api/v1/jobs?campaign=us-renewals'" if url else ""
    return (
        "It goes on until Ctrl-C. Look at it from another terminal, for example:\n"
        f"  {CLOCK_VARIABLE}={clock} {sys.executable} -m controller explain 'US renewals west' --config {config}{api}"
    )


def _table(seen: list[Seen], missing: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - rich is slow to import

    table = Table("in New York", "what happened", "reason", title="What you saw, from the daemon's audit")
    for step in seen:
        when = missing if step.at is None else f"{datetime.fromtimestamp(step.at, ZONE):%H:%M:%S}"
        table.add_row(when, step.what, step.reason)
    return table
