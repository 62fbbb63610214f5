"""The manifests of deploy/kubernetes: as they lie there, and as kustomize builds them where the machine has it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.documented import DEPLOY

FOLDER = DEPLOY / "kubernetes"
Manifest = dict[str, Any]

needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None,
    reason="kubectl is missing: it has kustomize, which builds the manifests",
)


def read(path: Path) -> Manifest:
    """The one document of a file."""
    found: Manifest = YAML(typ="safe").load(path)
    return found


def written(folder: Path = FOLDER) -> Iterator[tuple[Path, Manifest]]:
    """Every manifest of a folder and those below, with its file: neither kustomizations nor what ConfigMaps hold."""
    for path in sorted(folder.rglob("*.yaml")):
        found = read(path)
        if "kind" in found and found["kind"] != "Kustomization":
            yield path, found


def built(folder: Path = FOLDER) -> list[Manifest]:
    """What `kubectl apply -k` would send; needs kubectl, asks no cluster."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(YAML(typ="safe").load_all(done.stdout))


def one(manifests: list[Manifest], kind: str) -> Manifest:
    """The only manifest of a kind."""
    [found] = [each for each in manifests if each["kind"] == kind]
    return found
