"""`run`: the daemon."""

import asyncio
import os
import sys
from pathlib import Path

import click
import structlog

from controller.app import Daemon, handle_signals
from controller.cli.context import SEEN_KEYS, read_settings, start_logs, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.garbage import spare_what_is_loaded
from controller.cli.options import config_option
from controller.telemetry.notify import service_manager

LOG_FLUSH_SECONDS = 3.0


@click.command()
@config_option
@reporting_failures
def run(config: Path) -> None:
    """Keep the jobs as the rules say until SIGTERM or SIGINT; SIGHUP reloads the rules.

    Logs go to stdout; errors go to stderr too where nobody reads that. Starts on the last good rules where the files
    are bad, and exits with 2 where none are kept.
    """
    settings = read_settings(config)
    clock = the_clock(settings)
    logs = start_logs(settings, clock, sys.stdout, alarms=sys.stderr)

    async def main() -> None:
        manager, watchdog = service_manager(os.environ)
        daemon = Daemon(settings, clock, SEEN_KEYS, manager, watchdog, logs)
        handle_signals(daemon)
        daemon.loaded = spare_what_is_loaded
        await daemon.run()

    try:
        asyncio.run(main())
    except Exception as error:
        structlog.get_logger().critical("daemon.failed", problem=str(error))
        raise
    finally:
        logs.close(LOG_FLUSH_SECONDS)
