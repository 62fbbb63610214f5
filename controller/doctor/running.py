"""Whether a daemon runs here, seen without disturbing it."""

import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from controller.store.lock import lock_holder

_PATIENCE = 2.0
"""Seconds. The kernel takes the connection, however busy the daemon is."""


class Answers(Enum):
    """What a control socket does when it is connected to."""

    SERVED = "a daemon takes connections there"
    LEFT = "nobody takes connections there"
    CLOSED = "this user may not connect there"


@dataclass(frozen=True, slots=True)
class Running:
    """The process that holds the store's lock (None: none is seen; `unseen`: why none could be), and what the control
    socket does (None: there is none).
    """

    pid: int | None
    unseen: str | None
    control: Answers | None

    @property
    def hidden(self) -> bool:
        """Whether a daemon may run whose process cannot be seen: as in another container, or another user's."""
        return self.pid is None and (self.unseen is not None or self.control in (Answers.SERVED, Answers.CLOSED))


def look_for_daemon(store: Path, control: Path) -> Running:
    """Look at the lock and the control socket; nothing is taken and nothing asked."""
    try:
        pid, unseen = lock_holder(store), None
    except OSError as error:
        pid, unseen = None, f"{error.filename}: {error.strerror}"
    return Running(pid, unseen, _answers(control))


def _answers(path: Path) -> Answers | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(_PATIENCE)
        try:
            asked.connect(str(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            return Answers.CLOSED
        except ConnectionError:  # of what is no socket it is said too
            return Answers.LEFT
        except BlockingIOError:  # its queue is full: somebody serves it, slowly
            return Answers.SERVED
    return Answers.SERVED
