"""Edits are noticed by file system events, also the way Kubernetes swaps a mounted ConfigMap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from controller.runtime.watch import watch_folder
from tests.runtime.stage import lines


class Looks:
    """Counts the looks, and wakes whoever waits for one."""

    def __init__(self) -> None:
        self.count = 0
        self.event = asyncio.Event()

    async def look(self) -> None:
        self.count += 1
        self.event.set()


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Looks]:
    """A watch that has been seen to work. Nothing tells when it begins, so files are touched until it notices one."""
    looks = Looks()
    task = asyncio.create_task(watch_folder(folder, looks.look))
    async with asyncio.timeout(20):
        while not looks.event.is_set():
            (folder / "begin").write_text("")
            with suppress(TimeoutError):
                await asyncio.wait_for(looks.event.wait(), 0.4)
    await asyncio.sleep(0.3)  # what the touching caused has come
    looks.event.clear()
    yield looks
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def noticed(looks: Looks) -> None:
    async with asyncio.timeout(10):
        await looks.event.wait()


async def test_an_edit_a_new_file_and_an_atomic_replacement_are_noticed(tmp_path: Path) -> None:
    async with watching(tmp_path) as looks:
        (tmp_path / "a.yaml").write_text("one")
        await noticed(looks)
        looks.event.clear()
        (tmp_path / "a.new").write_text("two")
        (tmp_path / "a.new").replace(tmp_path / "a.yaml")
        await noticed(looks)


async def test_the_swap_of_a_mounted_configmap_is_noticed(tmp_path: Path) -> None:
    for name in ("..one", "..two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(name)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    async with watching(tmp_path) as looks:
        (tmp_path / "..data_tmp").symlink_to("..two")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        await noticed(looks)
        assert (tmp_path / "a.yaml").read_text() == "..two"


async def test_a_folder_that_cannot_be_watched_is_told_and_the_resync_stays(tmp_path: Path, logs: list[Any]) -> None:
    looks = Looks()
    await watch_folder(tmp_path / "nowhere", looks.look)
    [line] = lines(logs, "rules.unwatched")
    assert line["folder"].endswith("nowhere")
    assert line["log_level"] == "warning"
    assert looks.count == 0


@pytest.mark.parametrize("error", [OSError("no inotify left"), RuntimeError("too many")])
async def test_a_watch_that_breaks_is_told(
    tmp_path: Path, logs: list[Any], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_more: Any) -> Any:
        raise error

    monkeypatch.setattr("controller.runtime.watch.awatch", broken)
    await watch_folder(tmp_path, Looks().look)
    [line] = lines(logs, "rules.unwatched")
    assert line["problem"] == str(error)
