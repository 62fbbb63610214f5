"""`sandbox`: the Vogent stand-in, alone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import click
import structlog

from controller.cli.context import the_clock
from controller.cli.exit_codes import BAD_CONFIGURATION, FAILED
from controller.cli.failures import reporting_failures
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.clock import Clock
from controller.rules.loader import load_rules_folder
from controller.rules.problem import RulesError
from controller.sandbox.sandbox import Sandbox
from controller.sandbox.seed import SeedError, load_jobs
from controller.telemetry.logs import configure_logs

KEY_VARIABLE = "SANDBOX_API_KEY"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", default=8650, show_default=True, help="0: any free port.")
@click.option("--jobs", type=click.Path(path_type=Path), help="The jobs to begin with: a YAML list.")
@click.option("--rules", type=click.Path(path_type=Path), help="A rules folder to judge calls by.")
@click.option("--state-file", type=click.Path(path_type=Path), help="Keep the jobs here, over restarts.")
@click.option("--workspace", default="main", show_default=True, help="The workspace that rules select it by.")
@reporting_failures
def sandbox(
    host: str, port: int, jobs: Path | None, rules: Path | None, state_file: Path | None, workspace: str
) -> None:
    """Serve a Vogent stand-in that dials simulated numbers, until SIGTERM or SIGINT; logs go to stdout.

    The API key is taken from SANDBOX_API_KEY ("sandbox-key" if unset). With --rules, calls that begin while a job
    should have been closed are counted, by a judge that asks only the local clock; SIGHUP reads the rules again.
    """
    clock = the_clock()
    logs = configure_logs("auto", "info", sys.stdout, now=clock.now)
    try:
        box = Sandbox(
            clock,
            os.environ.get(KEY_VARIABLE, "sandbox-key"),
            workspace=workspace,
            state_file=state_file,
        )
        if jobs is not None and not box.restored:
            box.add_jobs(load_jobs(jobs))
        asyncio.run(_serve(box, host, port, rules, clock))
    except (SeedError, ValueError) as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(BAD_CONFIGURATION) from None
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(FAILED) from None
    finally:
        logs.close(LOG_FLUSH_SECONDS)


async def _serve(box: Sandbox, host: str, port: int, rules: Path | None, clock: Clock) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def judge() -> None:
        if rules is not None:
            box.judge_by(load_rules_folder(rules, now=clock.now()).rules)

    def judge_anew() -> None:
        try:
            judge()
        except RulesError as error:
            structlog.get_logger().error("sandbox.rules_rejected", problems=list(map(str, error.problems)))

    judge()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, judge_anew)
    await box.start(host, port)
    try:
        await stop.wait()
    finally:
        await box.close()
        structlog.get_logger().info("sandbox.stopped", **box.stats().total.as_json())
