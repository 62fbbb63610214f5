"""The addresses that the daemon will serve: free, or served by the daemon that runs."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from controller.doctor.check import Check, fail, ok, warn
from controller.doctor.running import Answers, Running
from controller.doctor.writable import user, why_no_folder
from controller.web.socket import LONGEST_PATH

_LISTEN, _CONTROL = "listen", "control socket"

_ANOTHER_ADDRESS: Final = "set `listen` to an address of this machine, such as 127.0.0.1:8642"

_LISTENING: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp (proc_pid_net(5))."""


def check_listen(address: tuple[str, int] | None, daemon: Running) -> Check:
    """Whether the address can be listened at. It is bound for an instant, and not listened at."""
    if address is None:
        return ok(_LISTEN, "off", "nothing is to listen")
    host, port = address
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port == 0:
        return ok(_LISTEN, shown, "port 0 is any free one")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no name"
        return fail(_LISTEN, shown, f"the host's name does not resolve: {why}", _ANOTHER_ADDRESS)
    for family, _kind, _protocol, _name, place in found:
        try:
            _bind(family, place)
        except OSError as error:
            return _used(shown, port, daemon) if error.errno == errno.EADDRINUSE else _refused(shown, error)
    return ok(_LISTEN, shown, "it is free")


def check_control(path: Path, daemon: Running) -> Check:
    """Whether the control socket can be made, or is there."""
    about = str(path)
    if len(os.fsencode(path)) > LONGEST_PATH:
        seen = f"the whole path has {len(os.fsencode(path))} bytes"
        return fail(
            _CONTROL, about, seen, f"set `control` to one of at most {LONGEST_PATH}: the kernel takes no longer"
        )
    if os.path.lexists(path) and not path.is_socket():
        right = "set `control` to a path of its own: the daemon would replace what is there"
        return fail(_CONTROL, about, "something that is no socket is there", right)
    if (why := why_no_folder(path.parent)) is not None:
        right = f"let the daemon's user own {path.parent}, or set `control` to another place"
        return fail(_CONTROL, about, why, right)
    return _answered(about, daemon)


def _answered(about: str, daemon: Running) -> Check:
    running = f"process {daemon.pid} holds the store's lock"
    match daemon.control:
        case Answers.SERVED if daemon.pid is not None:
            return ok(_CONTROL, about, f"the daemon answers there; {running}")
        case Answers.SERVED:
            seen = "something takes connections there, though no process that can be seen holds the store's lock"
            right = "it is a daemon in another container or on another store: give each a path of its own"
            return warn(_CONTROL, about, seen, right)
        case Answers.CLOSED:
            return warn(_CONTROL, about, f"{user()} may not connect there", "run our commands as the daemon's user")
        case _ if daemon.pid is not None:
            right = "wait if it starts just now; else run doctor with the configuration that the daemon has"
            return warn(_CONTROL, about, f"{running}, and nobody answers there", right)
        case Answers.LEFT:
            return ok(_CONTROL, about, "left behind by a daemon that was killed; the next one replaces it")
        case _:
            return ok(_CONTROL, about, "it can be made")


def _bind(family: int, place: tuple[Any, ...]) -> None:
    """Bind as the daemon will, which keeps nobody from listening there."""
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        tried.bind(place)


def _refused(shown: str, error: OSError) -> Check:
    right = {
        errno.EADDRNOTAVAIL: _ANOTHER_ADDRESS,
        errno.EACCES: "choose a port above 1023, or give the daemon CAP_NET_BIND_SERVICE",
    }.get(error.errno or 0, "set `listen` to another address")
    return fail(_LISTEN, shown, f"it cannot be listened at: {error.strerror}", right)


def _used(shown: str, port: int, daemon: Running) -> Check:
    right = f"end that program, or set `listen` to another port; `ss -ltnp 'sport = :{port}'` shows it"
    if daemon.pid is None and daemon.hidden:
        seen = "in use, and the daemon's process cannot be seen from here"
        return warn(_LISTEN, shown, seen, "run doctor where the daemon runs, as its user")
    if daemon.pid is None:
        return fail(_LISTEN, shown, "another program listens there", right)
    try:
        served = not set(_listening(port)).isdisjoint(_sockets(daemon.pid))
    except OSError:
        seen = f"in use, and {user()} may not see whether by the daemon, process {daemon.pid}"
        return warn(_LISTEN, shown, seen, "run doctor as the user that the daemon runs as")
    if served:
        return ok(_LISTEN, shown, f"served by the daemon, process {daemon.pid}")
    return fail(_LISTEN, shown, f"a program that is not the daemon, process {daemon.pid}, listens there", right)


def _listening(port: int) -> Iterator[str]:
    """The sockets that listen at this port, by their inodes. Raises OSError where the kernel tells nothing."""
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        if table == "tcp6" and not path.exists():  # a kernel without IPv6
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"


def _sockets(pid: int) -> set[str]:
    """What the process has open. Raises OSError where this user may not see that."""
    links = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(descriptor.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return links
