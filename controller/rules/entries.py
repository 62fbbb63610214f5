"""The named entries of all files: calendars, campaigns and incidents, each with its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from controller.rules.document import REFUSED, Document
from controller.rules.problem import LintWarning, Problem
from controller.rules.shape import Strict, validated
from controller.rules.wording import Path, nearest, path_text, shown

SECTIONS = ("calendars", "campaigns", "incidents")
_LONGEST_NAME = 100
Rule = TypeVar("Rule", bound=Strict)


@dataclass(frozen=True, slots=True)
class Named(Generic[Rule]):
    """An entry: `raw` is what the file says, `rule` what it means, None where it was refused."""

    name: str
    document: Document
    path: Path
    raw: Any
    rule: Rule | None

    def warning(self, *path: str | int, message: str) -> LintWarning:
        """Doubt what stands at the path within the entry."""
        full = (*self.path, *path)
        return LintWarning(self.document.file, *self.document.place(full), path_text(full), message)


def section_problems(document: Document) -> list[Problem]:
    """Say what is wrong with the outermost keys of a file. One without any entry is right: all may be commented out."""
    plain = document.plain()
    if not isinstance(plain, dict):
        right = f"write a mapping with {', '.join(SECTIONS)}"
        return (
            [] if plain is None or plain is REFUSED else [document.problem((), f"{shown(plain)} is not rules, {right}")]
        )
    problems = [
        document.key_problem((key,), f"unknown key, {nearest(key, SECTIONS)}") for key in plain if key not in SECTIONS
    ]
    for section in SECTIONS:
        entries = plain.get(section)
        if entries is not None and entries is not REFUSED and not isinstance(entries, dict):
            problems.append(
                document.problem((section,), f"{shown(entries)} is not a mapping, write names with their entries")
            )
    return problems


def read_section(
    documents: Iterable[Document],
    section: str,
    model: type[Rule],
    context: object,
) -> tuple[Mapping[str, Named[Rule]], list[Problem]]:
    """Read one section of all files. A name that is used twice keeps its first entry."""
    found: dict[str, Named[Rule]] = {}
    problems: list[Problem] = []
    for document in documents:
        for name, raw in _raw_entries(document, section).items():
            path = (section, name)
            rule, wrong = validated(model, document, path, raw, context)
            problems += wrong
            problems += _name_problems(document, path, name, found.get(name))
            found.setdefault(name, Named(name, document, path, raw, rule))
    return found, problems


def _raw_entries(document: Document, section: str) -> Mapping[str, Any]:
    plain = document.plain()
    entries = plain.get(section) if isinstance(plain, dict) else None
    return entries if isinstance(entries, dict) else {}


def _name_problems(document: Document, path: Path, name: str, first: Named[Rule] | None) -> list[Problem]:
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        right = f"write printable text without spaces around it, at most {_LONGEST_NAME} characters"
        return [document.key_problem(path, f"{shown(name)} is not a name, {right}")]
    if first is None:
        return []
    place = first.document.key_place(first.path)
    where = f"{first.document.file}:{place.line}:{place.column}"
    return [document.key_problem(path, f"the name is already used at {where}, choose another; names are global")]
