"""`healthcheck`: whether the running daemon makes its passes, told by an exit code.

Container engines run it every few seconds: it loads neither the store nor a library for HTTP, which take most of a
second, and reads no key.
"""

import http.client
import json
import socket
from pathlib import Path

import click

from controller.cli.options import config_option
from controller.rules.problem import RulesError
from controller.settings import load_settings

PATIENCE = 5.0
"""Seconds; a daemon answers within milliseconds."""

_FAILED, _BAD_CONFIGURATION = 1, 2
_LONGEST = 65536


class _ControlSocket(http.client.HTTPConnection):
    """HTTP over the daemon's Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("daemon", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@click.command()
@config_option
def healthcheck(config: Path) -> None:
    """Ask the running daemon through its Unix socket whether it makes its passes, even failing ones, as /healthz tells.

    Exits with 0 where it does. With 1 where none answers, or where starting it anew may help.
    """
    try:
        control = load_settings(config).control
    except RulesError as error:
        click.echo(str(error), err=True)
        raise SystemExit(_BAD_CONFIGURATION) from None
    wrong = _asked(control)
    if wrong is not None:
        click.echo(f"Error: {wrong}", err=True)
        raise SystemExit(_FAILED)
    click.echo("the daemon makes its passes")


def _asked(control: Path) -> str | None:
    """What is wrong with the daemon; None: nothing."""
    connection = _ControlSocket(control)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body = response.read(_LONGEST)
    except TimeoutError:
        return f"{control}: the daemon does not answer within {PATIENCE:g} s"
    except (OSError, http.client.HTTPException) as error:
        return f"{control}: the daemon does not answer there ({type(error).__name__})"
    finally:
        connection.close()
    return None if response.status == http.client.OK else f"the daemon says: {_detail(body) or response.status}"


def _detail(body: bytes) -> str | None:
    try:
        problem = json.loads(body)
    except ValueError:
        return None
    return str(problem["detail"]) if isinstance(problem, dict) and "detail" in problem else None
