"""A command as the first process of namespaces of its own, as container engines start it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.processes import PATIENCE, Process, until

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child")


def _unshare_is_missing() -> str | None:
    """Why no namespaces can be made here; None: they can."""
    if shutil.which("unshare") is None:
        return "util-linux's unshare"
    made = subprocess.run([*UNSHARE, "--mount", "true"], capture_output=True, text=True, timeout=60, check=False)
    return f"the right to make namespaces ({made.stderr.strip()})" if made.returncode else None


UNSHARE_IS_MISSING = _unshare_is_missing()
needs_unshare = pytest.mark.skipif(
    UNSHARE_IS_MISSING is not None, reason=f"no namespaces can be made here without {UNSHARE_IS_MISSING}"
)


class FirstProcess(Process):
    """It is process 1 of a process namespace; `more` are unshare's options for others. Python starts unshare."""

    def __init__(self, *command: str, env: Mapping[str, str], more: Sequence[str] = ()) -> None:
        starter = ("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])")
        super().__init__(*UNSHARE, *more, *command, env=env, program=starter)

    @property
    def pid(self) -> int:
        """The command's own, as it is seen from here."""
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children")
        until(children.read_text, self)
        return int(children.read_text().split()[0])

    def end(self, signal_number: int) -> int:
        """Send the command a signal and give its exit code."""
        os.kill(self.pid, signal_number)
        code = self.popen.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    def close(self) -> None:
        """Leave nothing behind: a command that took another user's rights outlives unshare."""
        with suppress(OSError, IndexError):  # it ended by itself
            os.kill(self.pid, signal.SIGKILL)
        super().close()
