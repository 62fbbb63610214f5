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
ROW = re.compile(r"^\| `([a-z_.]+)` \|([^|]*)\|([^|]*)\|", re.MULTILINE)
LEVELS = {level: level for level in ("debug", "info", "warning", "error", "critical")} | {"exception": "error"}
EVERYWHERE = {"workspace", "job", "name", "pass_id", "exc_info"}
"""What lines about these hold, as the document says at its begin."""
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


def test_level_and_fields_of_each_line_are_the_listed_ones() -> None:
    text = (ROOT / "deploy" / "logs.md").read_text()
    rows = {event: (level, more) for event, level, more in ROW.findall(text)}
    wrong: list[str] = []
    seen = 0
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            event = _told_event(node)
            if event is None or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            seen += 1
            level, more = rows[event]
            if LEVELS[node.func.attr] not in level:
                wrong.append(f"{file.name}: {event} is logged as {node.func.attr}, listed as {level}")
            fields = {keyword.arg for keyword in node.keywords if keyword.arg} - EVERYWHERE
            wrong += [f"{file.name}: {event} has {name}, which is not listed" for name in fields if name not in more]
    assert seen > 40
    assert wrong == []


def _told_event(node: ast.AST) -> str | None:
    """The event of a call such as `log.info("job.paused", …)`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
        return None
    first = node.args[0] if node.args else None
    told = first.value if isinstance(first, ast.Constant) else None
    return told if isinstance(told, str) and EVENT.fullmatch(told) else None
