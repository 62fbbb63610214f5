"""The source distribution and the wheel: what is in them, and that the wheel alone runs, in an empty environment."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.once]

ROOT = Path(__file__).parents[1]
VERSION = "campaign-controller, version "


def build(sources: Path, into: Path, *targets: str) -> None:
    """Build with the locked backend itself; nothing is looked for on a network."""
    chosen = [option for target in targets for option in ("-t", target)]
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(into), *chosen],
        cwd=sources,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short, for the sockets in it."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="module")
def dist(folder: Path) -> Path:
    """The folder with both, built from a copy of the sources."""
    ignored = shutil.ignore_patterns(".venv*", ".git", "__pycache__", "var", "venv", "dist", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, folder / "sources", ignore=ignored)
    build(folder / "sources", folder / "dist", "sdist", "wheel")
    return folder / "dist"


@pytest.fixture(scope="module")
def python(folder: Path, dist: Path) -> Path:
    """The interpreter of an environment with the wheel and, beside it, what the locks name."""
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    found = folder / "venv/bin/python"
    [wheel] = dist.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(found)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120)
    [site] = (folder / "venv").glob("lib/python*/site-packages")
    # A folder that a .pth file names has its own .pth files unread: the sources of an editable installation stay out.
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"COLUMNS": "160"}


def run(python: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in a folder where no sources are."""
    command = [str(python.parent / "campaign-controller"), *args]
    return subprocess.run(
        command, cwd=python.parent, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


def shipped(sources: Path) -> set[str]:
    """All files of the package but what Python writes there."""
    files = [path for path in (sources / "controller").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(path.relative_to(sources)) for path in files}


def test_the_wheel_holds_every_file_of_the_package_and_no_other(dist: Path, folder: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == shipped(folder / "sources")
    assert "controller/cli/demo/rules.yaml" in names
    assert "controller/store/migrations/versions/v0001_first_schema.py" in names


def test_the_source_distribution_gives_the_same_wheel_and_holds_tests_and_locks(dist: Path, folder: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    [sources] = (folder / "unpacked").iterdir()
    for name in (
        "Makefile",
        "CHANGELOG.md",
        "requirements.lock",
        "deploy/systemd/install.sh",
        "tests/test_distribution.py",
    ):
        assert (sources / name).is_file(), name
    build(sources, folder / "again", "wheel")
    [first], [second] = dist.glob("*.whl"), (folder / "again").glob("*.whl")
    assert second.read_bytes() == first.read_bytes()


def test_the_wheel_runs_from_its_own_files(python: Path, folder: Path) -> None:
    done = subprocess.run(
        [str(python), "-c", "import controller; print(controller.__file__)"],
        cwd=folder / "dist",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(folder / "venv")
    assert run(python, "--version").stdout.startswith(VERSION)
    config = folder / "sources/config/controller.yaml"
    checked = run(python, "check", "--config", str(config))
    assert checked.returncode == 0, checked.stderr


def test_the_demo_of_the_wheel_migrates_a_store_and_pauses_jobs(python: Path, folder: Path) -> None:
    output = folder / "demo.log"
    with output.open("w") as stream:
        demo = subprocess.Popen(
            [str(python.parent / "campaign-controller"), "demo"],
            cwd=folder / "dist",
            env=environment(),
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while "job.paused" not in output.read_text():
            assert demo.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.05)
    finally:
        demo.terminate()
        demo.wait(60)
    assert "Traceback" not in output.read_text()


def test_the_changelog_has_the_headings_that_keep_a_changelog_names() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    assert [line for line in versions[1:] if not re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line)] == []
    kinds = {line.removeprefix("### ") for line in lines if line.startswith("### ")}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
