"""`completion`: what a shell reads to complete our commands and options."""

import click
from click.shell_completion import get_completion_class

PROGRAM = "campaign-controller"
VARIABLE = "_CAMPAIGN_CONTROLLER_COMPLETE"
"""By this variable the shell asks the program for what may follow; click makes its name from the program's."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands and options.

    \b
    bash: campaign-controller completion bash > ~/.local/share/bash-completion/completions/campaign-controller
    zsh:  campaign-controller completion zsh > DIR/_campaign-controller, where DIR is in $fpath before compinit runs
    fish: campaign-controller completion fish > ~/.config/fish/completions/campaign-controller.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
