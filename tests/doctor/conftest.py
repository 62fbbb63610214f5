"""Fixtures of the doctor's tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import stamina

from controller.settings import Settings, load_settings

NOBODY = 65534


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Retries as often as ever, but at once."""
    with stamina.set_testing(testing=True, attempts=1000, cap=True):
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.fixture
def settings_with(tmp_path: Path) -> Callable[..., Settings]:
    """Load a service's file in `tmp_path`: its workspaces by name, each with URL and key source as they are written."""

    def load(*more: str, **workspaces: tuple[str, str]) -> Settings:
        lines = [f'  {name}: {{base_url: "{url}", api_key: {key}}}' for name, (url, key) in workspaces.items()]
        config = tmp_path / "controller.yaml"
        config.write_text("\n".join(["workspaces:", *lines, *more, ""]))
        return load_settings(config)

    return load


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike `tmp_path`, whose parents only their owner may."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def as_nobody(open_folder: Path) -> Iterator[Path]:
    """The open folder, seen by somebody who may not write in it: nothing is forbidden to root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    else:
        open_folder.chmod(0o555)
    yield open_folder
    os.seteuid(user)
    open_folder.chmod(0o755)
