"""The scripts that `completion` prints, read by the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli.main import main

NEXT = {
    "bash": (
        "source ./script; COMP_WORDS=(campaign-controller pre); COMP_CWORD=1; "
        "_campaign_controller_completion campaign-controller; echo ${COMPREPLY[@]}"
    ),
    # The widget's helpers print here what they would offer.
    "zsh": (
        "autoload -U compinit; compinit -u -D; source ./script; [[ -n $_comps[campaign-controller] ]] || exit 1; "
        "_describe() { print -l ${(P)${@[-1]}%%:*} ${(P)${@[-2]}%%:*} }; words=(campaign-controller pre); CURRENT=2; "
        "_campaign_controller_completion"
    ),
    "fish": "source ./script; complete -C 'campaign-controller pre'",
}
QUIET = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}


@pytest.mark.e2e
@pytest.mark.once
@pytest.mark.parametrize("shell", NEXT)
def test_a_shell_that_reads_the_script_completes_a_command(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is missing: it is in Debian's package `{shell}`")
    (tmp_path / "script").write_text(CliRunner().invoke(main, ["completion", shell]).stdout)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "campaign-controller").symlink_to(Path(sys.executable).parent / "campaign-controller")
    done = subprocess.run(
        [shell, *QUIET[shell], "-c", NEXT[shell]],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "preview" in done.stdout, done.stderr
    assert "plan" not in done.stdout.split()


def test_a_shell_that_is_not_known_is_bad_usage() -> None:
    done = CliRunner().invoke(main, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
