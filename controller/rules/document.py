"""One file of ours: plain values that know their places."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from controller.rules.problem import Problem
from controller.rules.wording import Path, path_text


class Place(NamedTuple):
    """Counted from 1, in characters."""

    line: int
    column: int


class Refused:
    """Stands in for a value that was already reported, so that nothing else is said of it."""


REFUSED = Refused()
Scalar: TypeAlias = str | int | float | bool | Refused | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: a scalar, a list of nodes, or entries by key."""

    place: Place
    value: "Scalar | list[Node] | dict[str, Entry]"


class Entry(NamedTuple):
    """A key's place, and what stands under it."""

    key: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Document:
    """One file that could be read; the root's value is None where the file holds comments only."""

    file: str
    root: Node

    def plain(self) -> Any:  # noqa: ANN401 - whatever the file holds
        """Give the values alone: dicts, lists, scalars, REFUSED."""
        return _plain(self.root)

    def place(self, path: Path) -> Place:
        """Find where the value at the path stands; for a missing one, the key of the nearest that is there."""
        return self._find(path).node.place

    def key_place(self, path: Path) -> Place:
        """Find where the last key of the path stands; for a list item, the item's own place."""
        return self._find(path).key

    def _find(self, path: Path) -> Entry:
        found = Entry(self.root.place, self.root)
        for part in path:
            inner = _entry(found.node, part)
            if inner is None:
                return Entry(found.key, Node(found.key, None))
            found = inner
        return found

    def problem(self, path: Path, message: str) -> Problem:
        """Say what is wrong with the value at the path, or with its absence."""
        return Problem(self.file, *self.place(path), path_text(path), message)

    def key_problem(self, path: Path, message: str) -> Problem:
        """Say what is wrong with the last key of the path."""
        return Problem(self.file, *self.key_place(path), path_text(path), message)


def _plain(node: Node) -> Any:  # noqa: ANN401 - whatever the file holds
    if isinstance(node.value, dict):
        return {key: _plain(entry.node) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    return node.value


def _entry(node: Node, part: str | int) -> Entry | None:
    if isinstance(node.value, dict) and isinstance(part, str):
        return node.value.get(part)
    if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return Entry(item.place, item)
    return None
