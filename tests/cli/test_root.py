import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli.main import COMMANDS, main
from tests.cli.stage import Stage

HEAVY = (
    "aiohttp",
    "alembic",
    "apscheduler",
    "asyncio",
    "holidays",
    "prometheus_client",
    "pydantic",
    "rich",
    "ruamel",
    "sqlalchemy",
)


def controller(*args: str, **more: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "controller", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    code = (
        "import json, sys\nfrom controller.cli.main import main\n"
        f"try: main([{option!r}])\nexcept SystemExit as end: assert end.code == 0\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert not set(HEAVY) & set(loaded)


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    for name, listed in COMMANDS.items():
        assert f"  {name} " in done.output
        assert listed.summary in done.output
        assert listed.summary.endswith(".")


def test_help_fits_on_one_page_and_says_what_holds_for_every_command() -> None:
    done = CliRunner().invoke(main, ["--help"], terminal_width=80)
    lines = done.output.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    text = " ".join(done.output.split())
    for said in ("Exit codes: 0 fine", "config/controller.yaml", "--output", "JOB is", "RFC 3339"):
        assert said in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"main {name} " in done.output
    assert "--help" in done.output


def test_a_shell_can_complete_the_commands() -> None:
    asked = {"_X_COMPLETE": "bash_complete", "COMP_WORDS": "x pr", "COMP_CWORD": "1"}
    done = CliRunner().invoke(main, prog_name="x", complete_var="_X_COMPLETE", env=asked)
    assert done.stdout == "plain,preview\n"


def test_the_version_is_the_package_s() -> None:
    done = controller("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-1] == metadata.version("campaign-controller")
    assert done.stdout.startswith("campaign-controller, version ")


def test_an_unknown_command_is_bad_usage_and_the_near_one_is_named() -> None:
    done = CliRunner().invoke(main, ["previev"])
    assert done.exit_code == 2
    assert "No such command 'previev'. Did you mean 'preview'?" in done.stderr
    assert done.stdout == ""


def test_an_unknown_command_like_none_lists_those_that_there_are() -> None:
    done = CliRunner().invoke(main, ["xyzzy"])
    assert done.exit_code == 2
    assert "There are run, once, check," in done.stderr


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("sandbox", "demo", "doctor", "completion")])
def test_a_missing_configuration_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    given = {
        "explain": ["j1"],
        "adopt": ["j1", "--reason", "r"],
        "release": ["j1", "--claim", "--reason", "r"],
        "hold": ["main/j1", "--reason", "r"],
        "incident": ["list"],
    }
    missing = tmp_path / "none.yaml"
    done = CliRunner().invoke(main, [name, *given.get(name, []), "--config", str(missing)])
    assert done.exit_code == 2
    assert f"{missing}: the file cannot be read: No such file or directory; write it or name another" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("http://127.0.0.1:1/api", False),
        ("http://127.8.9.1:1/api", False),
        ("http://localhost:1/api", False),
        ("http://[::1]:1/api", False),
        ("https://api.example.com/api", True),
        ("https://localhost.example.com/api", True),
        ("https://127.0.0.1.example.com/api", True),
        ("https://[::1234]/api", True),
    ],
)
def test_a_shifted_clock_is_for_loopback_only(stage: Stage, host: str, *, refused: bool) -> None:
    stage.configure(host)
    done = stage.run("preview")
    assert done.exit_code == (2 if refused else 0)
    if refused:
        assert "workspace main is not on loopback: real jobs are decided by the real clock only" in done.stderr


@pytest.mark.parametrize("text", ["", "noon", "1,2", "1,2,0", "1,2,-1", "nan,0,1", "0,inf,1", "0,0,inf"])
def test_a_clock_that_is_none_is_bad_usage(stage: Stage, text: str) -> None:
    stage.env["CAMPAIGN_CONTROLLER_CLOCK"] = text
    done = stage.run("preview")
    assert done.exit_code == 2
    assert "CAMPAIGN_CONTROLLER_CLOCK is not start,anchor,rate" in done.stderr


def test_without_the_variable_the_machine_s_clock_counts(stage: Stage) -> None:
    stage.env["CAMPAIGN_CONTROLLER_CLOCK"] = None
    stage.write(stage_rules_without_holidays())
    first = stage.records("preview")[0]["intervals"][0]
    assert not first["from"].startswith("2026-11-24T17:0")


def stage_rules_without_holidays() -> str:
    return (
        "calendars: {c: {timezone: UTC, hours: {mon: ['09:00-10:00']}}}\n"
        "campaigns: {n: {match: {names: ['N *']}, calendars: [c]}}\n"
    )


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_a_reader_who_leaves_early_gets_no_traceback(stage: Stage, output: str) -> None:
    command = [sys.executable, "-m", "controller", "preview", "--output", output, "--config", str(stage.config)]
    command += ["--from", "2026-01-01T00:00Z", "--until", "2027-12-01T00:00Z"]
    given = {name: value for name, value in stage.env.items() if value is not None}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **given}
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert [line for line in said.splitlines() if not line.startswith("warning: ")] == []


def test_python_dash_m_is_the_same_program() -> None:
    done = controller("check", "--help")
    assert done.returncode == 0
    assert "Usage: python -m controller check [OPTIONS]" in done.stdout


def test_the_author_is_the_user_of_the_operating_system_or_unknown(
    stage_at: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_at("2026-11-24T03:00:00-05:00")
    box = stage.sandbox()
    for number, (user, expected) in enumerate([("ann", "ann"), (None, "unknown")]):

        def getuser(user: str | None = user) -> str:
            if user is None:
                raise OSError("no user")
            return user

        monkeypatch.setattr("getpass.getuser", getuser)
        job = box.add(f"Renewals {number}", "PAUSED")
        assert stage.run("adopt", job, "--reason", "ours", "--yes").exit_code == 0
        assert stage.records("explain", job)[0]["claim"]["author"] == expected


def test_every_module_loads_from_the_sources_alone_as_make_demo_runs_them() -> None:
    names = [each.name for each in pkgutil.walk_packages(["controller"], "controller.") if "__main__" not in each.name]
    code = (
        "import importlib, sys\nfrom importlib import metadata\n"
        "found = metadata.Distribution.from_name\n"
        "def hidden(name):\n"
        "    if name == 'campaign-controller': raise metadata.PackageNotFoundError(name)\n"
        "    return found(name)\n"
        "metadata.Distribution.from_name = hidden\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
    )
    wanted = [name for name in names if ".migrations." not in name]
    assert len(wanted) > 100
    done = subprocess.run(
        [sys.executable, "-c", code, *wanted], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
