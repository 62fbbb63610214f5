"""Options that several commands share."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from controller.core.interval import Instant

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

OUTPUTS = ("table", "json", "jsonl", "csv")

_EARLIEST, _LATEST = 1990, 2200
"""The years that are served: before them zones were not as they are, after them nothing is known."""


class InstantType(click.ParamType):  # type: ignore[type-arg]  # generic in click 8.5 only
    """An instant as RFC 3339 text with an offset; a naive one is refused, since it could mean any zone's."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:  # noqa: ANN401 - click's own signature
        """Parse the text; epoch seconds come out."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant; write it as 2026-11-23T14:05:00-05:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no offset; write it as 2026-11-23T14:05:00-05:00 or with Z for UTC", param, ctx)
        if not _EARLIEST <= moment.year <= _LATEST:
            self.fail(f"{value!r} is not in the years {_EARLIEST} to {_LATEST}", param, ctx)
        return moment.timestamp()


INSTANT = InstantType()


def config_option(command: CommandT) -> CommandT:
    """`--config`, the controller.yaml."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=Path("config/controller.yaml"),
        show_default=True,
        help="The service's configuration file.",
    )(command)


def output_option(command: CommandT) -> CommandT:
    """`--output`, the form of the result on stdout."""
    return click.option(
        "--output", type=click.Choice(OUTPUTS), default="table", show_default=True, help="The form of the result."
    )(command)


def author_option(command: CommandT) -> CommandT:
    """`--author`, who is named in the audit: the operating system's user by default."""
    return click.option("--author", default=_user, callback=_not_empty, help="Who asks for it (default: the OS user).")(
        command
    )


def reason_option(command: CommandT) -> CommandT:
    """`--reason`, what the audit will say."""
    return click.option("--reason", required=True, callback=_not_empty, help="Why, for the audit.")(command)


def _not_empty(_: click.Context, option: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.UsageError(f"--{option.name} must not be empty: the audit shows it")
    return value


def _user() -> str:
    import getpass  # noqa: PLC0415 - only where somebody is named

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
