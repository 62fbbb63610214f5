"""What `make install` makes in an empty root, and its daemon started as the unit says. No systemd runs here: what the
unit asks of it (the key as a credential, folders, a socket to tell it, signals) is done by the test.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.systemd_analyze import ROOT as SOURCES
from tests.deploy.systemd_analyze import settings_of
from tests.e2e.manager import Manager
from tests.e2e.processes import Process

NAME = "campaign-controller"
MOVED = (f"/etc/{NAME}", f"/var/lib/{NAME}", f"/run/{NAME}", "/usr/local")
"""What the documents call so lies below the root."""
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "var", "venv", "dist")


def copied_sources(folder: Path) -> Path:
    """The sources, to build in and to change."""
    made = folder / "sources"
    shutil.copytree(SOURCES, made, ignore=LEFT_OUT)
    return made


class Installed:
    """A root, at first empty. `env` is what its commands and its daemon have in their environment besides."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.root = folder / "root"
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")},
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            **env,
        }
        self._folder = folder
        self.manager: Manager | None = None
        self.daemon: Process | None = None
        self._daemons: list[Process] = []
        (folder / "bin").mkdir()
        self.add_command(NAME, f'exec {self.python} {self.program} "$@"')  # whose first line names where it is to be
        self.add_command("sudo", 'shift 2; exec "$@"')  # all is ours here

    @property
    def python(self) -> Path:
        return self.root / f"usr/local/lib/{NAME}/bin/python"

    @property
    def program(self) -> Path:
        return self.python.with_name(NAME)

    @property
    def config(self) -> Path:
        return self.root / f"etc/{NAME}/controller.yaml"

    @property
    def store(self) -> Path:
        return self.root / f"var/lib/{NAME}/controller.db"

    @property
    def key(self) -> Path:
        return self.root / f"etc/{NAME}/vogent-api-key"

    def placed(self, text: str) -> str:
        """The text with the root before the paths that are in it."""
        return re.sub(rf"(?<![\w/.-])({'|'.join(MOVED)})", rf"{self.root}\1", text)

    def add_command(self, name: str, text: str) -> None:
        """What the machine has besides, as a shell's script."""
        made = self._folder / "bin" / name
        made.write_text(f"#!/bin/sh\n{text}\n")
        made.chmod(0o755)

    def run(self, text: str, cwd: Path, given: str = "", *, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Type it into a shell, in a folder."""
        done = subprocess.run(
            ["sh", "-e", "-c", self.placed(text)],
            cwd=cwd, env=self.env, input=given, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, (text, done.stdout, done.stderr)
        return done

    def make(self, target: str, sources: Path) -> None:
        """`make install` or `make uninstall`."""
        self.run(f"make {target} DESTDIR={self.root} PYTHON={sys.executable}", sources)

    def upgrade(self, sources: Path) -> None:
        """Build the wheel of these sources, and install it over the program. Its packages stay: to fetch them again, as
        `make install` would, tells nothing new.
        """
        self.run("make dist", sources)
        pip = f"{sys.executable} -m pip --disable-pip-version-check --python {self.python}"
        self.run(f"{pip} install --no-deps --no-index dist/*.whl", sources)

    def point_at(self, url: str, port: int = 0, more: str = "") -> None:
        """What the operator writes into the service's file, with the paths in it counted from there: DESTDIR leaves out
        that they are below the root.
        """
        text = self.config.read_text().replace("https://api.vogent.ai/api", url).replace(":8642", f":{port}")
        self.config.write_text(text.replace(" /run", " ../../run").replace(":////var", ":///../../var") + more)

    def start(self, watchdog: float = 30.0) -> Process:
        """What the service manager does: the unit's folders, a copy of the key, its command."""
        unit = (self.root / f"usr/local/lib/systemd/system/{NAME}.service").read_text()
        running, credentials = self.root / f"run/{NAME}", self._folder / "credentials"
        for folder in (running, credentials, self.store.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for credential in settings_of(unit, "LoadCredential"):
            name, _colon, path = credential.partition(":")
            shutil.copy(self.placed(path), credentials / name)
        [command] = settings_of(unit, "ExecStart")
        _program, *arguments = self.placed(command).split()
        self._hear()
        env = {
            "NOTIFY_SOCKET": str(self._folder / "notify"),
            "WATCHDOG_USEC": str(round(watchdog * 1e6)),
            "CREDENTIALS_DIRECTORY": str(credentials),
            "PYTHONPATH": "",  # only what is installed
        }
        self.daemon = Process(
            *arguments,
            python=str(self.python),
            program=[str(self.program)],
            env={**self.env, **env},
        )
        self._daemons.append(self.daemon)
        return self.daemon

    def started(self) -> Process:
        """Started, and ready by its own word."""
        daemon = self.start()
        assert self.manager is not None
        try:
            self.manager.wait_for("READY=1")
        except AssertionError as error:
            raise AssertionError("".join(daemon.lines[-100:])) from error
        return daemon

    @property
    def running(self) -> bool:
        """Whether there is a daemon that did not end."""
        return self.daemon is not None and self.daemon.popen.poll() is None

    def stop(self) -> int:
        """Have the daemon end in order; its exit code."""
        assert self.daemon is not None
        return self.daemon.end(signal.SIGTERM)

    def close(self) -> None:
        for daemon in self._daemons:
            daemon.close()
        if self.manager is not None:
            self.manager.close()

    def _hear(self) -> None:
        if self.manager is not None:
            self.manager.close()
        (self._folder / "notify").unlink(missing_ok=True)
        self.manager = Manager(self._folder / "notify")
