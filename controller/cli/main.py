"""The command line's root. Commands are imported when they are called, so that `--help` is quick."""

import importlib
import os
import signal
import zoneinfo
from typing import Any, NamedTuple, NoReturn

import click

from controller import __version__

zoneinfo.reset_tzpath(to=[])  # zone data comes from the pinned tzdata wheel: an image's own goes stale


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if os.getpid() == 1:  # a container's first process: what it has no handler for, the kernel keeps from it
    signal.signal(signal.SIGTERM, _end)


class _Listed(NamedTuple):
    """Where a command is, and what the list of commands says of it, so that listing imports none."""

    module: str
    summary: str


COMMANDS = {
    "run": _Listed("run", "The daemon: keep the jobs as the rules say."),
    "once": _Listed("once", "One pass over every workspace, then exit."),
    "check": _Listed("check", "Validate configuration and rules, and lint them."),
    "doctor": _Listed("doctor", "Check a place before it goes live; changes nothing."),
    "plan": _Listed("plan", "What one pass would do now or at T; writes nothing."),
    "explain": _Listed("explain", "Why one job is in its state, and until when."),
    "preview": _Listed("preview", "When campaigns are open and closed; asks no API."),
    "status": _Listed("status", "Jobs, claims, holds, findings, incidents as the daemon sees them."),
    "healthcheck": _Listed("healthcheck", "Whether the daemon makes its passes, for container engines."),
    "incident": _Listed("incident", "Stop jobs now, for a reason, and let go again."),
    "hold": _Listed("hold", "Pause single jobs and keep them paused."),
    "release": _Listed("release", "Remove holds, or end our ownership of pauses."),
    "adopt": _Listed("adopt", "Make pauses ours, so that they are resumed."),
    "audit": _Listed("audit", "What happened, filtered."),
    "sandbox": _Listed("sandbox", "A Vogent stand-in that dials simulated numbers."),
    "demo": _Listed("demo", "Sandbox and daemon on sample rules; no key, no network."),
    "completion": _Listed("completion", "Print what completes our commands in bash, zsh or fish."),
}


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports a command's module only when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"controller.cli.{COMMANDS[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.summary) for name, listed in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - only for a typing error

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(COMMANDS)}."
            raise click.UsageError(f"{error.message} {hint}", ctx) from None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="campaign-controller")
def main() -> None:
    """Keep Vogent batch dial jobs paused or dialing as campaign rules say, and always be able to say why.

    JOB is an id, WORKSPACE/ID, or a name that one job alone has. Instants are RFC 3339 with an offset.

    \b
    Every command has a --help of its own. Those that read the service's file take
    --config, by default config/controller.yaml; those that show something take
    --output table|json|jsonl|csv.

    Exit codes: 0 fine, 1 failed, 2 bad usage or configuration.
    """  # noqa: D301 - click's mark for lines that stay as they are
