"""Containers by util-linux alone, as an engine would start them: from an image, as a service of a compose file says.

The network is the machine's own, so that the sandbox on loopback is there, and nothing else is reached.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote
from typing import Any

from tests.deploy.compose import Service
from tests.e2e.first_process import FirstProcess
from tests.e2e.processes import until

NAMESPACES = ("--mount", "--ipc", "--uts", "--propagation", "private")
DEVICES = ("null", "zero", "full", "random", "urandom")
MADE_BY_ENGINES = """\
mkdir -p {root}/proc {root}/dev
mount -t proc proc {root}/proc
mount -t tmpfs -o mode=0755,nosuid,noexec tmpfs {root}/dev
mkdir -m 1777 {root}/dev/shm
ln -s /proc/self/fd {root}/dev/fd
"""


@dataclass(frozen=True)
class Container:
    """A service with its files: `root` is of its image, whose configuration is `image`. The relative paths of
    `compose`, read from `folder`, count from there; volumes are folders below `volumes`. `env` is told it besides.
    """

    root: Path
    image: Mapping[str, Any]
    folder: Path
    compose: Mapping[str, Any]
    service: Service
    volumes: Path
    env: Mapping[str, str]

    def start(self, *args: str) -> FirstProcess:
        """Start the entry point with these arguments, or with those that the service or the image has."""
        command = [*self.image["Entrypoint"], *(args or self.service.get("command") or self.image["Cmd"])]
        return FirstProcess("sh", "-e", "-c", self._script(command), env={}, more=NAMESPACES)

    def run(self, *args: str) -> tuple[int, str]:
        """Run the entry point with these arguments in a container of its own; gives its exit code and what it said."""
        process = self.start(*args)
        until(lambda: process.popen.poll() is not None, process)
        process.close()
        return process.popen.returncode, "".join(process.lines)

    def execute(self, running: FirstProcess, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run another command in a container that runs, as its own user."""
        entering = ("--target", str(running.pid), "--mount", "--ipc", "--uts", "--pid", "--root")
        program = (shutil.which("nsenter") or "nsenter", *entering)
        return subprocess.run(
            [*program, *self._as_its_user(command)], capture_output=True, text=True, timeout=120, check=False
        )

    def _script(self, command: Sequence[str]) -> str:
        root = quote(str(self.root))
        lines = [f"mount --bind {root} {root}", MADE_BY_ENGINES.format(root=root)]
        lines += [f"touch {root}/dev/{name} && mount --bind /dev/{name} {root}/dev/{name}" for name in DEVICES]
        for mount in self.service["volumes"]:
            source = self._volume(mount) if mount["type"] == "volume" else self.folder / mount["source"]
            lines += self._bound(source.resolve(), mount["target"], read_only=mount.get("read_only", False))
        for name in self.service["secrets"]:
            source = self.folder / self.compose["secrets"][name]["file"]
            lines += self._bound(source, f"/run/secrets/{name}", read_only=True)
        for each in self.service["tmpfs"]:
            where, _, options = each.partition(":")
            lines.append(f"mount -t tmpfs -o {options} tmpfs {root}{where}")
        if self.service["read_only"]:
            lines.append(f"mount -o remount,bind,ro {root}")
        lines.append(f"exec {shutil.which('chroot')} {root} {join(self._as_its_user(command))}")
        return "\n".join(lines)

    def _bound(self, source: Path, target: str, *, read_only: bool) -> list[str]:
        at = quote(f"{self.root}{target}")
        place = f"mkdir -p {at}" if source.is_dir() else f"mkdir -p $(dirname {at}) && touch {at}"
        lines = [place, f"mount --bind {quote(str(source))} {at}"]
        return [*lines, f"mount -o remount,bind,ro {at}"] if read_only else lines

    def _volume(self, mount: Mapping[str, Any]) -> Path:
        """A named volume; a new one takes over owner and mode of the image's folder."""
        volume, place = self.volumes / mount["source"], Path(f"{self.root}{mount['target']}").stat()
        if not volume.exists():
            volume.mkdir(parents=True)
            volume.chmod(place.st_mode & 0o7777)
            shutil.chown(volume, place.st_uid, place.st_gid)
        return volume

    def _as_its_user(self, command: Sequence[str]) -> list[str]:
        """The command with the image's environment, folder and user, and with no more rights than the service has."""
        assert self.service["cap_drop"] == ["ALL"]
        assert self.service["security_opt"] == ["no-new-privileges:true"]
        env = [*self.image["Env"], *(f"{name}={value}" for name, value in self.env.items())]
        user, group = self.image["User"].split(":")
        return [
            "/usr/bin/env", "--ignore-environment", f"--chdir={self.image['WorkingDir']}", *env,
            "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all", *command,
        ]  # fmt: skip
