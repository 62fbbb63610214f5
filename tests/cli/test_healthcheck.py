"""`healthcheck`: what container engines learn of the daemon, by an exit code."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.cli import healthcheck
from controller.settings import load_settings
from tests.cli.stage import NOON, Stage

REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\r\n"
    b'{"title": "Service Unavailable", "detail": "no pass came to its end for too long"}'
)
SLOW_TO_LOAD = ("aiohttp", "aiosqlite", "alembic", "holidays", "rich", "sqlalchemy")


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Somebody who takes one connection at the daemon's place and answers so; with nothing, not before it is over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    over = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer) if answer else over.wait(60)

        serving = threading.Thread(target=serve)
        serving.start()
        yield
        over.set()
        serving.join(60)


@pytest.fixture
def stage(stage_at: Callable[..., Stage]) -> Stage:
    made = stage_at(NOON)
    made.sandbox()
    return made


def test_it_succeeds_beside_a_daemon_and_reads_no_key(stage: Stage) -> None:
    stage.daemon()
    stage.env["STAGE_KEY"] = None
    done = stage.run("healthcheck")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "the daemon makes its passes\n", "")


def test_it_fails_where_no_daemon_runs(stage: Stage) -> None:
    done = stage.run("healthcheck")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("the daemon does not answer there (FileNotFoundError)\n")


def test_it_fails_where_a_killed_daemon_left_its_socket(stage: Stage) -> None:
    control = load_settings(stage.config).control
    control.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(control))
    done = stage.run("healthcheck")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "(ConnectionRefusedError)" in done.stderr


def test_it_fails_with_the_daemon_s_own_words_where_starting_anew_may_help(stage: Stage) -> None:
    with answering(load_settings(stage.config).control, REFUSAL):
        done = stage.run("healthcheck")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: the daemon says: no pass came to its end for too long\n"


def test_an_answer_without_words_is_told_by_its_number(stage: Stage) -> None:
    with answering(load_settings(stage.config).control, b"HTTP/1.1 500 Oh\r\n\r\nnot json"):
        assert stage.run("healthcheck").stderr == "Error: the daemon says: 500\n"


def test_it_fails_in_time_where_the_daemon_is_stuck(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "PATIENCE", 0.1)
    with answering(load_settings(stage.config).control, b""):
        done = stage.run("healthcheck")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("the daemon does not answer within 0.1 s\n")


def test_it_is_quick_to_load_since_it_is_run_again_and_again(stage: Stage) -> None:
    code = (
        "import json, sys\nfrom controller.cli.main import main\n"
        f"try: main(['healthcheck', '--config', {str(stage.config)!r}])\n"
        "except SystemExit as end: assert end.code == 1\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(SLOW_TO_LOAD) & set(json.loads(done.stdout))
