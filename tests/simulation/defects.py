"""Seeded defects: mistakes that somebody might make in the code, one at a time. The simulator must catch each.

`python -m tests.simulation.defects` copies the code, breaks it, simulates it, and prints what became of each; exit 1
where one got away.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.simulation.seeded import DEFECTS, ROOT, Defect, patched

YEARS = 0.5
"""How long a defect may hide."""


class Caught(NamedTuple):
    """What became of a defect: the first violation, None where it got away."""

    defect: Defect
    violation: str | None
    seconds: float


def hunt(defect: Defect, years: float) -> Caught:
    """Simulate a copy of the code with the defect until something is seen to be wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package in ("controller", "tests"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "controller" / defect.file).write_text(patched(defect))
        command = [sys.executable, "-m", "tests.simulation", "--years", str(years), "--workers", "1", "--first"]
        begun = time.monotonic()
        env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    found = re.search(r"VIOLATION (.*)", done.stdout) or re.search(
        r"^(\w+(?:Error|Exception)\b.*)", done.stderr, re.MULTILINE
    )
    return Caught(defect, found and found.group(1), seconds)


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.defects")
    parser.add_argument("--years", type=float, default=YEARS)
    parser.add_argument("--only", default="", help="a part of a defect's name")
    given = parser.parse_args(arguments)
    wanted = [defect for defect in DEFECTS if given.only in defect.name]
    missed = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for caught in threads.map(lambda defect: hunt(defect, given.years), wanted):
            missed += caught.violation is None
            said = f"caught after {caught.seconds:.0f} s: {caught.violation}" if caught.violation else "GOT AWAY"
            print(f"{caught.defect.name} ({caught.defect.file}): {said[:160]}", flush=True)  # noqa: T201
    print(f"{len(wanted) - missed} of {len(wanted)} defects caught")  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
