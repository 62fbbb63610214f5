"""A base for images where no registry of images is reached: a Debian with Python, made by debootstrap and kept."""

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deploy.buildah import Buildah
from tests.e2e.first_process import UNSHARE, UNSHARE_IS_MISSING

PACKAGES = "python3,python3-venv,ca-certificates"
PROGRAMS = ("buildah", "debootstrap", "apt-get")
OLDEST = (3, 11)


@dataclass(frozen=True)
class Base:
    """An image in an archive, and the version of its Python."""

    archive: Path
    python: str


def missing() -> list[str]:
    """What this machine lacks to build and run an image."""
    if os.geteuid() != 0:
        return ["root, who alone may make file systems of others and mount them"]
    lacking = [f"the program {name}" for name in PROGRAMS if shutil.which(name) is None]
    return lacking if UNSHARE_IS_MISSING is None else [*lacking, UNSHARE_IS_MISSING]


MISSING = missing()
needs_builder = pytest.mark.skipif(bool(MISSING), reason=f"no image can be built here without {', '.join(MISSING)}")


def kept_base(cache: Path) -> Base:
    """The base, from the cache or new; skips the test, with the reason, where it cannot be made."""
    suite, mirror = _source()
    name = f"{suite}-{platform.machine()}-{PACKAGES.replace(',', '-')}"
    with _locked(cache / "lock"):
        found = sorted(cache.glob(f"{name}-3.*.tar"))
        archive = found[0] if found else _made(cache, name, suite, mirror)
    python = archive.stem.rpartition("-")[2]
    if tuple(map(int, python.split("."))) < OLDEST:
        pytest.skip(f"the Python of {suite} is {python}: too old for the program")
    return Base(archive, python)


def _source() -> tuple[str, str]:
    """The suite that this machine is of, and where its packages come from, as apt has it."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    for line in told.splitlines():
        codename, component, uri = line.split()
        if (codename, component) == (suite, "main"):
            return suite, uri
    pytest.skip(f"no mirror for debootstrap: apt has no source with the component main of {suite or 'this system'}")


def _made(cache: Path, name: str, suite: str, mirror: str) -> Path:
    with TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "root"
        # What it starts and mounts is gone with its namespaces, however it ends: nobody clears away a mounted /dev.
        alone = [*UNSHARE, "--mount", "--propagation", "private"]
        command = [*alone, "debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(root), mirror]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            pytest.skip(f"debootstrap made no {suite}: {(done.stdout + done.stderr).strip().splitlines()[-1]}")
        for fetched in (*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")):
            fetched.unlink()
        [python] = [each.name.removeprefix("python") for each in root.glob("usr/bin/python3.[0-9]*")]
        new = Path(folder) / "new.tar"
        Buildah(Path(folder)).archive(root, new)
        return new.rename(cache / f"{name}-{python}.tar")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else makes the same meanwhile."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
