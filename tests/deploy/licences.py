"""What `make licences` prints: the licence of each package of the runtime lock, as its installed metadata tells it."""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

LOCK = Path(__file__).parents[2] / "requirements.lock"
HEAD = """\
# Licences of the dependencies

What is installed with the program on Linux, by `requirements.lock`, and the licence that each package's own metadata
names. `make licences` writes this file; no package is changed or copied into the program.

| package | version | licence |
|---|---|---|
"""
CLASSIFIER = "License :: OSI Approved :: "


def locked() -> list[Requirement]:
    """The packages of the lock that are meant for this machine."""
    lines = re.findall(r"^[a-z0-9].*?==.*?(?= \\$)", LOCK.read_text(), re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return [each for each in found if each.marker is None or each.marker.evaluate()]


def licence(name: str) -> str:
    """The SPDX expression where there is one, else the classifiers, else the first line of the free text."""
    told = metadata.metadata(name)
    if "License-Expression" in told:
        return told["License-Expression"]
    classified = [each.removeprefix(CLASSIFIER) for each in told.get_all("Classifier", []) if CLASSIFIER in each]
    if classified:
        return ", ".join(classified)
    return (told["License"].strip().splitlines() or [""])[0] if "License" in told else ""


def document() -> str:
    """The whole file."""
    rows = [f"| {each.name} | {metadata.version(each.name)} | {licence(each.name)} |\n" for each in locked()]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(document())
