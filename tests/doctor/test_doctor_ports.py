import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from controller.doctor.check import Verdict
from controller.doctor.ports import check_control, check_listen
from controller.doctor.running import Answers, Running, look_for_daemon
from controller.store.lock import StoreLock

NONE = Running(None, None, None)
OURS = Running(os.getpid(), None, None)

LISTENER = """\
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


class Other:
    """Another process, which does something until it is closed."""

    def __init__(self, program: str, *args: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._popen.stdout is not None
        self.pid = self._popen.pid
        self.said = self._popen.stdout.readline().strip()

    def close(self) -> None:
        self._popen.communicate("", timeout=30)


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:  # a socket's path may not be as long as pytest's own folders are
        yield Path(name)


@pytest.fixture
def listening() -> Iterator[int]:
    """A port at which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def other() -> Iterator[Other]:
    """Another program that listens."""
    made = Other(LISTENER)
    yield made
    made.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - bound for an instant
def test_a_free_address_is_fine_and_stays_free(host: str) -> None:
    port = free_port()
    check = check_listen((host, port), NONE)
    assert (check.verdict, check.about, check.seen) == (Verdict.OK, f"{host}:{port}", "it is free")
    socket.create_server(("127.0.0.1", port)).close()


def test_any_free_port_is_fine() -> None:
    assert check_listen(("127.0.0.1", 0), NONE).verdict is Verdict.OK


def test_an_address_that_another_program_has_fails_and_says_how_to_find_it(other: Other) -> None:
    check = check_listen(("127.0.0.1", int(other.said)), NONE)
    assert (check.verdict, check.seen) == (Verdict.FAIL, "another program listens there")
    assert f"ss -ltnp 'sport = :{other.said}'" in check.todo


def test_beside_a_daemon_another_program_s_address_fails_too(other: Other) -> None:
    check = check_listen(("127.0.0.1", int(other.said)), OURS)
    assert check.verdict is Verdict.FAIL
    assert check.seen == f"a program that is not the daemon, process {os.getpid()}, listens there"


def test_an_address_that_the_daemon_itself_serves_is_fine(listening: int) -> None:
    check = check_listen(("127.0.0.1", listening), OURS)
    assert (check.verdict, check.seen) == (Verdict.OK, f"served by the daemon, process {os.getpid()}")


def test_whose_it_is_cannot_be_told_where_the_daemon_is_hidden(listening: int) -> None:
    for hidden in (Running(None, None, Answers.SERVED), Running(None, "/proc/locks: no", None)):
        assert check_listen(("127.0.0.1", listening), hidden).verdict is Verdict.WARN
    gone = Running(2**22 + 1, None, None)  # beyond the greatest process id: nothing is to be seen of it
    assert "may not see whether by the daemon" in check_listen(("127.0.0.1", listening), gone).seen


def test_an_address_of_another_machine_fails() -> None:
    check = check_listen(("192.0.2.1", 8642), NONE)
    assert (check.verdict, check.seen) == (Verdict.FAIL, "it cannot be listened at: Cannot assign requested address")


def test_a_name_that_does_not_resolve_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_listen(("a..b", 8642), NONE).seen == "the host's name does not resolve: it is no name"

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a real one would ask the network's name service
    check = check_listen(("nowhere.example.com", 8642), NONE)
    assert (check.verdict, check.seen) == (
        Verdict.FAIL,
        "the host's name does not resolve: Name or service not known",
    )


def test_a_port_that_this_user_may_not_have_fails() -> None:
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        check = check_listen(("127.0.0.1", 81), NONE)
    finally:
        os.seteuid(user)
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("here everybody may have every port")
    assert (check.verdict, check.seen) == (Verdict.FAIL, "it cannot be listened at: Permission denied")
    assert "CAP_NET_BIND_SERVICE" in check.todo


def test_a_control_socket_that_can_be_made_is_fine_and_is_not_made(folder: Path) -> None:
    path = folder / "var" / "control.sock"
    check = check_control(path, look_for_daemon(folder / "a.db", path))
    assert (check.verdict, check.seen) == (Verdict.OK, "it can be made")
    assert list(folder.iterdir()) == []


def test_the_longest_path_is_the_daemon_s() -> None:
    assert check_control(Path("/" + "tmp/" * 24 + "abc"), NONE).verdict is Verdict.OK
    check = check_control(Path("/" + "tmp/" * 24 + "abcd"), NONE)
    assert (check.verdict, check.seen) == (Verdict.FAIL, "the whole path has 101 bytes")
    assert "at most 100" in check.todo


def test_a_file_in_the_place_of_the_control_socket_fails(folder: Path) -> None:
    (folder / "control.sock").write_text("precious")
    check = check_control(folder / "control.sock", look_for_daemon(folder / "a.db", folder / "control.sock"))
    assert (check.verdict, check.seen) == (Verdict.FAIL, "something that is no socket is there")
    assert (folder / "control.sock").read_text() == "precious"


def test_a_folder_that_may_not_be_written_has_no_room_for_a_control_socket(as_nobody: Path) -> None:
    check = check_control(as_nobody / "control.sock", NONE)
    assert check.verdict is Verdict.FAIL
    assert f" may not write in {as_nobody}" in check.seen


@pytest.fixture
def served(folder: Path) -> Iterator[socket.socket]:
    """A control socket to which one can connect."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "control.sock"))
        server.listen()
        yield server


@pytest.mark.usefixtures("served")
def test_a_control_socket_that_the_daemon_serves_is_fine(folder: Path) -> None:
    with StoreLock(folder / "a.db"):
        daemon = look_for_daemon(folder / "a.db", folder / "control.sock")
    assert daemon == Running(os.getpid(), None, Answers.SERVED)
    check = check_control(folder / "control.sock", daemon)
    assert (check.verdict, check.seen[:24]) == (Verdict.OK, "the daemon answers there")


@pytest.mark.usefixtures("served")
def test_a_control_socket_of_a_daemon_on_another_store_is_doubtful(folder: Path) -> None:
    with StoreLock(folder / "another.db"):
        daemon = look_for_daemon(folder / "a.db", folder / "control.sock")
    assert daemon == Running(None, None, Answers.SERVED)
    check = check_control(folder / "control.sock", daemon)
    assert check.verdict is Verdict.WARN
    assert check.todo == "it is a daemon in another container or on another store: give each a path of its own"


@pytest.mark.usefixtures("served")
def test_a_daemon_too_busy_to_take_a_connection_is_a_daemon(folder: Path, served: socket.socket) -> None:
    served.listen(0)
    waiting = []
    while True:
        waiting.append(socket.socket(socket.AF_UNIX))
        waiting[-1].setblocking(False)
        try:
            waiting[-1].connect(str(folder / "control.sock"))
        except BlockingIOError:
            break
    assert look_for_daemon(folder / "a.db", folder / "control.sock").control is Answers.SERVED
    for each in waiting:
        each.close()


def test_a_socket_that_a_killed_daemon_left_is_fine_and_stays(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "control.sock"))
    daemon = look_for_daemon(folder / "a.db", folder / "control.sock")
    check = check_control(folder / "control.sock", daemon)
    assert (check.verdict, check.seen[:34]) == (Verdict.OK, "left behind by a daemon that was k")
    assert (folder / "control.sock").is_socket()


def test_a_daemon_that_holds_the_store_and_does_not_answer_is_doubtful(folder: Path) -> None:
    with StoreLock(folder / "a.db"):
        daemon = look_for_daemon(folder / "a.db", folder / "control.sock")
    check = check_control(folder / "control.sock", daemon)
    assert check.verdict is Verdict.WARN
    assert check.seen == f"process {os.getpid()} holds the store's lock, and nobody answers there"


@pytest.mark.usefixtures("served")
def test_a_socket_that_this_user_may_not_connect_to_is_doubtful(folder: Path) -> None:
    folder.chmod(0o777)
    (folder / "control.sock").chmod(0o600 if os.geteuid() == 0 else 0)
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        check = check_control(folder / "control.sock", look_for_daemon(folder / "a.db", folder / "control.sock"))
    finally:
        os.seteuid(user)
    assert check.verdict is Verdict.WARN
    assert check.seen.endswith(" may not connect there")
