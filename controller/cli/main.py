"""The command line's root. Commands are imported when they are called, so that `--help` is quick."""

import importlib
import zoneinfo

import click

zoneinfo.reset_tzpath(to=[])  # zone data comes from the pinned tzdata wheel: an image's own goes stale

_COMMANDS = {
    "run": "run",
    "once": "once",
    "check": "check",
    "plan": "plan",
    "explain": "explain",
    "preview": "preview",
    "adopt": "claims",
    "release": "claims",
    "audit": "audit",
    "sandbox": "sandbox",
    "demo": "demo",
}


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports a command's module only when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"controller.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="campaign-controller", prog_name="campaign-controller")
def main() -> None:
    """Keep Vogent batch dial jobs paused or dialing as campaign rules say, and always be able to say why.

    Exit codes: 0 fine, 1 failed, 2 bad usage or configuration.
    """
