"""The image, built from a copy of the sources by the README's own commands."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller import __version__
from tests.deploy.buildah import Buildah
from tests.deploy.compose import block
from tests.deploy.documented import DEPLOY
from tests.deploy.image_base import Base

ROOT = DEPLOY.parent
NAME = f"localhost/campaign-controller:{__version__}"
BASE = "localhost/debian-python:test"
CANARY = "canary-key-51d7"
HIDING_PLACES = (
    ".env", "config/vogent-api-key", "deploy/container/secrets/vogent-api-key", "controller.yaml", "var/controller.db",
)  # fmt: skip
"""Where operators leave what must not get into an image."""


@dataclass(frozen=True)
class BuiltImage:
    """In the store of `buildah`; `root` has its files, `revision` is that of the sources."""

    buildah: Buildah
    folder: Path
    revision: str
    root: Path

    @property
    def configuration(self) -> dict[str, Any]:
        """What engines go by."""
        found: dict[str, Any] = self.buildah.described(NAME)["Docker"]["config"]
        return found

    @contextmanager
    def exported(self) -> Iterator[tuple[dict[str, Any], tarfile.TarFile, bytes]]:
        """The whole description with its history, the files that are above the base, and those as bytes."""
        archive = self.folder / "exported.tar"
        self.buildah.run("push", "--quiet", NAME, f"docker-archive:{archive}")
        with tarfile.open(archive) as outer:
            [manifest] = json.loads(_member(outer, "manifest.json"))
            layer = self.folder / "layer.tar"
            layer.write_bytes(_member(outer, manifest["Layers"][-1]))
            description = json.loads(_member(outer, manifest["Config"]))
        archive.unlink()
        with tarfile.open(layer) as files:
            yield description, files, layer.read_bytes()
        layer.unlink()


def build(folder: Path, base: Base) -> None:
    """Do what the README says for a machine whose builds reach no package index; `opened` gives what comes of it."""
    buildah = Buildah(folder)
    buildah.load(base.archive, BASE)
    sources = folder / "sources"
    ignored = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "tests", "var", "dist")
    shutil.copytree(ROOT, sources, ignore=ignored, symlinks=True)
    revision = _committed(sources)
    for name in HIDING_PLACES:
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text(CANARY)
    fetching = block("pip download").replace("--python-version 3.13", f"--python-version {base.python}")
    env = {**buildah.env, "BASE": BASE, "VOGENT_API_KEY": CANARY, "PATH": _with_this_python(buildah.env["PATH"])}
    env.pop("MAKEFLAGS", None)
    done = subprocess.run(
        ["sh", "-e", "-c", fetching], cwd=sources, env=env, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    shutil.rmtree(sources)
    made = {"revision": revision, "root": str(buildah.mounted(NAME))}
    (folder / "built.json").write_text(json.dumps(made))


def opened(folder: Path) -> BuiltImage:
    """The image that was built in the folder."""
    made = json.loads((folder / "built.json").read_text())
    return BuiltImage(Buildah(folder), folder, made["revision"], Path(made["root"]))


def told_megabytes(before: str) -> int:
    """How large the README says something is: the number of MB that stands before these words."""
    text = " ".join((DEPLOY / "container" / "README.md").read_text().split())
    [found] = re.findall(rf"(\d+) MB{before}", text)
    return int(found)


def _committed(sources: Path) -> str:
    """Make the copy a repository; gives its only commit."""
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(sources))
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "t")):
        subprocess.run([*git, *command], check=True, timeout=60)
    told = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=60)
    return told.stdout.strip()


def _with_this_python(path: str) -> str:
    return f"{Path(sys.executable).parent}:{path}"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()
