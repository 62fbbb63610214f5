"""The command, end to end: the checks themselves have their tests in tests/doctor."""

import csv
import io
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import stamina

from tests.cli.stage import KEY, RULES, ServedSandbox, Stage

README = (Path(__file__).parents[2] / "README.md").read_text()
LISTED = [
    name
    for row in re.findall(r"^\| (`.*?) \|", README.partition("### Is this place ready?")[2], re.MULTILINE)
    for name in re.findall(r"`([a-z ]+)`", row)
]
"""The checks that the README lists."""
FIELDS = ["check", "about", "verdict", "seen", "do"]
QUIET = RULES.replace(", start: true", "")
"""The stage's rules without what lint warns of."""


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=1000, cap=True):
        yield


@pytest.fixture
def place() -> Iterator[Stage]:
    """A place that is ready: a folder of its own, since a socket's path may not be as long as pytest's folders are."""
    with TemporaryDirectory() as name:
        made = Stage(Path(name))
        made.write(QUIET)
        box = made.sandbox()
        for job in ("Renewals east", "Start me", "Night owls"):
            box.add(job)
        yield made
        made.close()


def found(place: Stage, code: int) -> list[dict[str, str]]:
    done = place.run("doctor", "--output", "json")
    assert done.exit_code == code, done.output
    checks: list[dict[str, str]] = json.loads(done.stdout)
    return checks


def verdicts(checks: list[dict[str, str]], verdict: str) -> list[tuple[str, str]]:
    return [(check["check"], check["about"]) for check in checks if check["verdict"] == verdict]


def box_of(place: Stage) -> ServedSandbox:
    [box] = [each for each in place._open if isinstance(each, ServedSandbox)]
    return box


def test_a_place_that_is_ready_is_fine_in_every_check(place: Stage) -> None:
    checks = found(place, 0)
    assert verdicts(checks, "fail") == []
    assert verdicts(checks, "warn") == []
    assert {check["check"] for check in checks} | {"key file", "token"} == set(LISTED)
    assert all(list(check) == FIELDS and check["do"] is None for check in checks)


def test_one_line_a_check_and_the_counts_at_the_end(place: Stage) -> None:
    box_of(place).add("Nobody's\x1b[2J\nname")
    place.config.chmod(0o666)
    done = place.run("doctor")
    *lines, counts = done.stdout.splitlines()
    assert done.exit_code == 0
    assert {line[:6] for line in lines} == {"ok    ", "warn  "}
    assert counts == f"{len(lines) - 2} ok, 2 warning(s), 0 failure(s)"
    assert "ok    lock: no process that can be seen holds it: no daemon runs on this store" in lines
    writers = f"warn  writers {place.config}: everybody on this machine may write it (mode 0666)"
    assert f"{writers} -> chmod o-w {place.config}" in lines
    assert [line for line in lines if "Nobody's\\x1b[2J\\nname (" in line]
    assert KEY not in done.output


def test_it_changes_nothing(place: Stage) -> None:
    before = sorted(place.folder.rglob("*"))
    statuses = box_of(place).ask(lambda box: box.stats())
    assert place.run("doctor").exit_code == 0
    assert sorted(place.folder.rglob("*")) == before
    assert box_of(place).ask(lambda box: box.stats()) == statuses


def test_beside_a_daemon_it_says_so_and_leaves_it_alone(place: Stage) -> None:
    west = box_of(place).add("Renewals west", "PAUSED")
    daemon = place.daemon()
    checks = found(place, 0)
    assert verdicts(checks, "fail") == []
    told = {check["check"]: check["seen"] for check in checks}
    assert told["lock"] == f"process {os.getpid()} holds it: a daemon runs on this store"
    assert told["control socket"] == (f"the daemon answers there; process {os.getpid()} holds the store's lock")
    assert told["store"] == "it can be written"
    adopted = place.run("adopt", west, "--reason", "ours", "--yes")  # by the daemon, which holds the lock as before
    assert adopted.exit_code == 0, adopted.output
    daemon.close()
    place._open.remove(daemon)


def test_warnings_are_no_failure_and_each_names_what_is_meant(place: Stage) -> None:
    place.write(RULES.replace("Night *", "Knight *"))
    checks = found(place, 0)
    assert verdicts(checks, "warn") == [
        ("rules", str(place.folder / "rules")),
        ("jobs", "main"),
        ("campaign", "night"),
    ]
    assert all(check["do"] for check in checks if check["verdict"] == "warn")


def test_a_workspace_that_cannot_be_reached_fails_with_1_and_all_others_are_looked_at(place: Stage) -> None:
    dead = '\n  dead: {base_url: "http://127.0.0.1:9/api", api_key: {env: STAGE_KEY}}\nrules:'
    place.config.write_text(place.config.read_text().replace("\nrules:", dead))
    checks = found(place, 1)
    assert verdicts(checks, "fail") == [("workspace", "dead")]
    assert verdicts(checks, "warn") == [("key", "dead")]
    assert ("workspace", "main") in verdicts(checks, "ok")
    assert ("campaign", None) in verdicts(checks, "ok")


def test_a_key_file_that_others_may_read_fails(place: Stage) -> None:
    (place.folder / "key").write_text(KEY)
    (place.folder / "key").chmod(0o644)
    place.config.write_text(place.config.read_text().replace("{env: STAGE_KEY}", "{file: key}"))
    assert verdicts(found(place, 1), "fail") == [("key file", "main")]
    (place.folder / "key").chmod(0o600)
    assert verdicts(found(place, 0), "fail") == []


def test_an_address_that_another_program_has_fails(place: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        place.config.write_text(place.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        assert verdicts(found(place, 1), "fail") == [("listen", f"127.0.0.1:{port}")]


def test_broken_rules_are_2_and_everything_else_is_still_looked_at(place: Stage) -> None:
    place.write(QUIET.replace('["09:00-17:00"]', '["09:00-25:00"]').replace("[night]", "[nihgt]"))
    checks = found(place, 2)
    wrong = [check for check in checks if check["verdict"] == "fail"]
    assert [check["check"] for check in wrong] == ["rules", "rules"]
    assert wrong[0]["seen"].startswith("a.yaml:5:")
    assert wrong[1]["seen"].startswith("a.yaml:15:")
    assert verdicts(checks, "warn") == [("not looked at", None)]
    assert ("workspace", "main") in verdicts(checks, "ok")
    assert ("listen", "127.0.0.1:0") in verdicts(checks, "ok")


def test_a_broken_configuration_is_2_and_what_does_not_need_it_is_looked_at(place: Stage) -> None:
    place.config.write_text("workspaces: {}\nresink: 3s\n")
    checks = found(place, 2)
    assert verdicts(checks, "fail") == [("configuration", str(place.config))] * 2
    assert verdicts(checks, "warn") == [("not looked at", None)]
    assert {name for name, _ in verdicts(checks, "ok")} == {"rules", "tzdata", "writers"}


def test_a_missing_configuration_is_named_with_what_to_do(tmp_path: Path, stage_at: Callable[..., Stage]) -> None:
    stage = stage_at()
    stage.config = tmp_path / "none" / "controller.yaml"
    done = stage.run("doctor")
    assert done.exit_code == 2
    first, *_ = done.stdout.splitlines()
    assert first.startswith(f"fail  configuration {stage.config}: {stage.config}: the file cannot be read: No such ")
    assert "ok    tzdata " in done.stdout


@pytest.mark.parametrize("output", ["jsonl", "csv"])
def test_machines_get_the_same_in_their_own_form(place: Stage, output: str) -> None:
    done = place.run("doctor", "--output", output)
    assert done.exit_code == 0
    assert done.stderr == ""
    text = done.stdout
    rows = (
        list(csv.DictReader(io.StringIO(text))) if output == "csv" else [json.loads(each) for each in text.splitlines()]
    )
    assert [list(row) for row in rows] == [FIELDS] * len(rows)
    assert [row["check"] for row in rows] == [check["check"] for check in found(place, 0)]


def test_a_shifted_clock_is_for_loopback_only_here_too(place: Stage) -> None:
    place.configure("https://api.example.com/api")
    done = place.run("doctor")
    assert done.exit_code == 2
    assert "real jobs are decided by the real clock only" in done.stderr
