"""Errors become a text on stderr and an exit code, in one place."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

import click

from controller.cli.exit_codes import BAD_CONFIGURATION, FAILED
from controller.rules.problem import RulesError
from controller.runtime.operations import OperationRefused
from controller.runtime.report import PassReport
from controller.store.errors import StoreError
from controller.vogent.errors import ApiError
from controller.web.daemon_client import DaemonError
from controller.web.socket import SocketError

P = ParamSpec("P")


def tell_unread(reports: Iterable[PassReport]) -> bool:
    """Say on stderr which jobs could not be read: a result without them must not look whole. Whether there were any."""
    told = False
    for report in reports:
        if report.problem is not None:
            click.echo(f"Error: the jobs of workspace {report.workspace} could not be read: {report.problem}", err=True)
            told = True
        elif report.unreadable:
            click.echo(f"Error: {report.unreadable} job(s) of workspace {report.workspace} are unreadable", err=True)
            told = True
    return told


def reporting_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Say what went wrong and exit: 2 for files that are wrong, 1 for everything else that was to be expected."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except RulesError as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            raise SystemExit(BAD_CONFIGURATION) from None
        except (ApiError, StoreError, SocketError, DaemonError, OperationRefused) as error:
            click.echo(f"Error: {error}", err=True)
            raise SystemExit(FAILED) from None

    return guarded
