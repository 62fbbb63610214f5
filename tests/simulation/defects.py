"""Hunting a seeded defect: the code is copied, broken and simulated until the observer says that something is wrong."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.simulation.happenings import HAPPENINGS
from tests.simulation.seeded import ROOT, Defect, patched

YEARS = 1.0
"""How long a defect may hide: as long as the tests simulate."""


ALONE = {
    "believe the instant of a clock that was set back since": "clock_step",
    "forget an earlier resume for a later one that had no effect": "api_trouble",
    "take what a reading says right after our own pause for a person's doing": "second_thoughts",
}
"""What a defect needs that a year of everything else seldom brings about: it is hunted where only that happens."""


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
        for file, text in patched(defect).items():
            (folder / "controller" / file).write_text(text)
        command = [sys.executable, "-m", "tests.simulation", "--years", str(years), "--workers", "1", "--first"]
        if defect.name in ALONE:
            others = (happening.__name__ for _weight, happening in HAPPENINGS)
            command += ["--without", ",".join(name for name in others if name != ALONE[defect.name])]
        begun = time.monotonic()
        untraced = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        env = {**untraced, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    found = re.search(r"VIOLATION (.*)", done.stdout) or re.search(
        r"^([\w.]+(?:Error|Exception)\b.*)", done.stderr, re.MULTILINE
    )
    return Caught(defect, found and found.group(1), seconds)
