"""A folder as the kubelet mounts a ConfigMap: its files are links into `..data`, itself a link to a folder with the
files of one instant, which is replaced at once by renaming another link over it.
"""

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree


class ConfigMapMount:
    """The mount at `folder`, which is made."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self._folder = folder
        self._writes = 0
        folder.mkdir()
        self.write(files)

    def write(self, files: Mapping[str, str]) -> None:
        """Let the mount hold these files from one instant to the next, in the order of the kubelet's own steps."""
        data, made = self._folder / "..data", self._next()
        old = made.parent / data.readlink() if data.is_symlink() else None
        for name, text in files.items():
            (made / name).write_text(text)
        swap = self._folder / "..data_tmp"
        swap.symlink_to(made.name)
        swap.rename(data)
        for name in files:
            if not (self._folder / name).is_symlink():
                (self._folder / name).symlink_to(f"..data/{name}")
        for link in self._folder.iterdir():
            if not link.name.startswith("..") and link.name not in files:
                link.unlink()
        if old is not None:
            rmtree(old)

    def _next(self) -> Path:
        self._writes += 1
        made = self._folder / f"..2026_11_25_14_30_00.{self._writes}"
        made.mkdir()
        return made
