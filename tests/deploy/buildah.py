"""Debian's buildah with a store of its own in a folder: by copies and chroot, so that it needs no engine."""

import os
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CONFIGURATION = """\
[storage]
driver = "vfs"
graphroot = "{folder}/store"
runroot = "{folder}/run"
"""


class Buildah:
    """All of it is below `folder`, and gone with it."""

    def __init__(self, folder: Path) -> None:
        configuration = folder / "storage.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder))
        self.env = {**os.environ, "CONTAINERS_STORAGE_CONF": str(configuration), "BUILDAH_ISOLATION": "chroot"}

    def run(self, *args: object) -> str:
        """What a command of it says; its failure is the test's."""
        done = subprocess.run(
            ["buildah", *map(str, args)], capture_output=True, text=True, env=self.env, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def archive(self, root: Path, into: Path) -> None:
        """Make an image of a folder, in an archive."""
        container = self.run("from", "scratch")
        self.run("add", "--quiet", container, root, "/")
        self.run("commit", "--quiet", "--rm", "--disable-compression=false", container, f"oci-archive:{into}")

    def load(self, archive: Path, name: str) -> None:
        """Take an image from an archive under a name."""
        self.run("tag", self.run("pull", "--quiet", f"oci-archive:{archive}"), name)

    def described(self, image: str) -> dict[str, Any]:
        """The image's configuration."""
        told: dict[str, Any] = YAML(typ="safe").load(self.run("inspect", "--type", "image", image))
        return told

    def mounted(self, image: str) -> Path:
        """The files of a container that is made of the image."""
        return Path(self.run("mount", self.run("from", image)))
