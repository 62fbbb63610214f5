"""deploy/logs.md against the code: every event is listed, and every listed event exists."""

import ast
import re
from pathlib import Path

from controller.core.decision import Action
from controller.runtime.report import past_tense

ROOT = Path(__file__).parents[2]
NOUNS = (
    "claim|clock|daemon|finding|hold|incident|job|library|list|logs|loop|pass|pauses|request|resume|rules|schedule|store|task|timer"
    "|web|webhook|workspace"
)
EVENT = re.compile(rf"({NOUNS})\.[a-z_]+")
PLACES = ("app.py", "runtime", "store", "vogent", "telemetry", "web", "cli/run.py")


def files() -> list[Path]:
    found: list[Path] = []
    for place in PLACES:
        path = ROOT / "controller" / place
        found += sorted(path.glob("*.py")) if path.is_dir() else [path]
    return found


def test_every_event_is_listed_and_every_listed_event_exists() -> None:
    said = {f"job.{past_tense(action)}" for action in Action if action is not Action.NONE}
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and EVENT.fullmatch(node.value):
                said.add(node.value)
    listed = set(re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "deploy" / "logs.md").read_text(), re.MULTILINE))
    assert said == listed
