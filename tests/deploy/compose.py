"""deploy/container/compose.yaml, and the commands of the README beside it."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.deploy.documented import DEPLOY

FOLDER = DEPLOY / "container"
README = (FOLDER / "README.md").read_text()
Service = dict[str, Any]


def read(folder: Path = FOLDER) -> dict[str, Any]:
    """The whole file, of this folder or a copy."""
    found: dict[str, Any] = YAML(typ="safe").load(folder / "compose.yaml")
    return found


def blocks(language: str = "sh") -> list[str]:
    """The README's code, top to bottom."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def block(part: str) -> str:
    """The one block of commands with this in it."""
    [found] = [each for each in blocks() if part in each]
    return found


def commands() -> list[str]:
    """What the README gives to Docker Compose, in blocks or amid the text, in its order."""
    text = re.sub(r"^```console\n.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?:^|`)docker compose ([^`\n]*)", text, re.MULTILINE)
