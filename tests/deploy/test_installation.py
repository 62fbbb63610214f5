"""`make install` into an empty root, and what an operator does there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.systemd_analyze import ROOT, found_in

pytestmark = [pytest.mark.e2e, pytest.mark.once]

PREFIX = "/opt/vogent-tools"
NAME = "campaign-controller"
PROGRAM = {
    f"opt/vogent-tools/bin/{NAME}",
    f"opt/vogent-tools/share/bash-completion/completions/{NAME}",
    f"opt/vogent-tools/share/zsh/site-functions/_{NAME}",
    f"opt/vogent-tools/share/fish/vendor_completions.d/{NAME}.fish",
    f"opt/vogent-tools/share/doc/{NAME}/README.md",
    f"opt/vogent-tools/share/doc/{NAME}/CHANGELOG.md",
    f"etc/systemd/system/{NAME}.service",
    f"etc/sysusers.d/{NAME}.conf",
}
DOCUMENTS = {f"opt/vogent-tools/share/doc/{NAME}/{path.relative_to(ROOT)}" for path in (ROOT / "deploy").rglob("*.md")}
SAMPLES = {f"etc/{NAME}/controller.yaml", f"etc/{NAME}/rules/us-renewals.yaml.sample"}


def run(*command: object, cwd: Path, ok: bool = True) -> str:
    """What a command says; its failure is the test's, unless it is expected."""
    without = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, env=without, timeout=600, check=False
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout


def files(root: Path) -> set[str]:
    """The files of a root, without what is inside of the virtual environment."""
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink()}
    return {name for name in found if f"/lib/{NAME}/" not in name}


def test_what_it_puts_into_an_empty_root_is_whole_keeps_the_operator_s_files_and_goes_again(tmp_path: Path) -> None:
    sources, root = tmp_path / "sources", tmp_path / "root"
    shutil.copytree(ROOT, sources, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests", "var", "venv", "dist"))

    def make(target: str, python: str = sys.executable, *, ok: bool = True) -> str:
        given = [f"PREFIX={PREFIX}", f"DESTDIR={root}", f"PYTHON={python}"]
        return run("make", "--no-print-directory", target, *given, cwd=sources, ok=ok)

    make("install")
    assert files(root) == PROGRAM | DOCUMENTS | SAMPLES
    venv = root / PREFIX[1:] / "lib" / NAME
    # Where the root's own path is too long for a first line, pip writes two, for the shell.
    started_by = (venv / "bin" / NAME).read_text().splitlines()[:2]
    assert any(f"{PREFIX}/lib/{NAME}/bin/python" in line for line in started_by)
    assert not [path for path in (venv / "bin").iterdir() if path.is_file() and str(root).encode() in path.read_bytes()]
    assert not list(venv.glob("lib/python*/site-packages/pip"))

    unit = (root / f"etc/systemd/system/{NAME}.service").read_text()
    assert f"ExecStart={PREFIX}/lib/{NAME}/bin/{NAME} run --config /etc/{NAME}/controller.yaml\n" in unit
    assert "/usr/local" not in unit
    if shutil.which("systemd-analyze"):
        assert found_in(unit.replace(f"={PREFIX}", f"={root}{PREFIX}"), tmp_path) == ""
    if shutil.which("systemd-sysusers"):
        run("systemd-sysusers", f"--root={root}", cwd=tmp_path)
        assert f"{NAME}:x:" in (root / "etc/passwd").read_text()

    config = root / "etc" / NAME / "controller.yaml"
    program = [venv / "bin/python", "-m", "controller"]
    check = [*program, "check", "--config", config]
    run(*check, cwd=tmp_path, ok=False)  # nobody wrote rules yet, and the samples are none
    sample = root / "etc" / NAME / "rules/us-renewals.yaml.sample"
    (sample.parent / "own.yaml").write_text(sample.read_text().replace("us-renewals", "own"))
    config.write_text(config.read_text().replace("resync: 30s", "resync: 20s"))
    run(*check, cwd=tmp_path)

    make("install", "/bin/false", ok=False)  # it breaks off, and what is there goes on
    run(*check, cwd=tmp_path)
    make("install")
    assert "resync: 20s" in config.read_text()
    assert (sample.parent / "own.yaml").exists()
    run(*program, "--version", cwd=tmp_path)

    make("uninstall")
    left = {name for name in files(root) if name.startswith((f"etc/{NAME}", "opt", "etc/systemd", "etc/sysusers"))}
    assert left == {*SAMPLES, f"etc/{NAME}/rules/own.yaml"}
    assert not venv.exists()


@pytest.mark.parametrize("prefix", ["opt", "/opt/a b", "/opt/a|b"])
def test_a_prefix_that_would_spoil_the_unit_is_refused_before_anything_is_written(prefix: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "deploy/systemd/install.sh"), "install", "none.whl"],
        env={**os.environ, "PREFIX": prefix, "DESTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"PREFIX={prefix}" in done.stderr
    assert list(tmp_path.iterdir()) == []
