"""YAML 1.2 to a `Document`.

Composed from the parser's events, so that anchors, aliases and tags are refused before anything is made of them, and
plain scalars follow the core schema of YAML 1.2 alone: `no`, `21:00` and `2026-12-24` are text.
"""

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from controller.rules.document import REFUSED, Document, Entry, Node, Place, Scalar
from controller.rules.problem import Problem
from controller.rules.wording import Path, path_text

MAX_BYTES = 1024 * 1024
_DEEPEST = 16
_LINE_END = re.compile(r"\r\n|\r|\n")
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def parse_document(file: str, data: bytes) -> tuple[Document | None, list[Problem]]:
    """Read one file. The document is None where it cannot be read at all; the problems are all that were found."""
    if len(data) > MAX_BYTES:
        return None, [Problem(file, 0, 0, "", f"the file is larger than {MAX_BYTES} bytes, split it")]
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _after(data[: error.start].decode("utf-8").removeprefix("\ufeff"))
        wrong = f"the byte 0x{data[error.start]:02X} is not UTF-8, save the file as UTF-8"
        return None, [Problem(file, *place, "", wrong)]
    if not text.strip():
        return None, [Problem(file, 0, 0, "", "the file is empty, write something into it or remove it")]
    composer = _Composer(file, text)
    try:
        return Document(file, composer.document()), composer.problems
    except _UnreadableError as error:
        return None, [*composer.problems, error.problem]


class _UnreadableError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Composer:
    """Builds the nodes of one document from the parser's events and collects what is not allowed."""

    def __init__(self, file: str, text: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._text = text
        self._last = Place(1, 1)
        self._events = self._read()

    def document(self) -> Node:
        """Compose the only document. Raises _UnreadableError."""
        root: Node | None = None
        for event in self._events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if root is not None:
                self._say(_place(event), (), "a second document begins here, keep one document a file")
                break
            if event.version or event.tags:
                self._say(Place(1, 1), (), "directives (%) are not allowed, remove them; files are YAML 1.2")
            root = self._node(next(self._events), (), _place(event))
        return root or Node(Place(1, 1), None)

    def _read(self) -> Iterator[Event]:
        """Give the events. Whatever goes wrong in the parser becomes one problem with its place."""
        try:
            for event in YAML(typ="safe", pure=True).parse(self._text):
                self._last = _place(event)
                yield event
        except ReaderError as error:
            code = f"U+{ord(self._text[error.position]):04X}"
            raise self._unreadable(
                _after(self._text[: error.position]),
                f"the character {code} is not allowed in YAML, remove it or write it as an escape in double quotes",
            ) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark
            what = " ".join(f"{error.context or ''} {error.problem}".split())
            raise self._unreadable(
                Place(mark.line + 1, mark.column + 1) if mark else self._last,
                f"not valid YAML: {what}; check indentation, quotes, brackets and colons",
            ) from None
        except (YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
            # The scanner trips over some malformed input, such as "\UFFFFFFFF", by errors of its own.
            raise self._unreadable(self._last, "not valid YAML after this place; check quotes and escapes") from None

    def _unreadable(self, place: Place, message: str) -> _UnreadableError:
        return _UnreadableError(Problem(self._file, *place, "", message))

    def _say(self, place: Place, path: Path, message: str) -> None:
        self.problems.append(Problem(self._file, *place, path_text(path), message))

    def _node(self, event: Event, path: Path, key: Place) -> Node:
        """Compose the node that begins with the event; `key` is where an empty value is said to stand."""
        place = _place(event)
        if len(path) > _DEEPEST:
            raise self._unreadable(place, f"nested deeper than {_DEEPEST} levels, check the brackets and indentation")
        if isinstance(event, AliasEvent):
            self._say(place, path, f"aliases (*{event.anchor}) are not allowed, write the value out")
            return Node(place, REFUSED)
        if isinstance(event, ScalarEvent):
            self._refuse_marks(event, place, path)
            return self._scalar(event, path, place if event.value else key)
        if isinstance(event, MappingStartEvent):
            self._refuse_marks(event, place, path)
            return Node(place, self._mapping(path))
        if isinstance(event, SequenceStartEvent):
            self._refuse_marks(event, place, path)
            return Node(place, self._sequence(path))
        raise AssertionError(f"the parser gave {event!r} where a value begins")

    def _refuse_marks(self, event: ScalarEvent | CollectionStartEvent, place: Place, path: Path) -> None:
        if event.anchor:
            self._say(place, path, f"anchors (&{event.anchor}) are not allowed, remove it")
        if event.tag:
            self._say(place, path, f"tags ({event.tag}) are not allowed, remove it; quotes make text")

    def _mapping(self, path: Path) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            place, key = _place(event), self._key(event, path)
            node = self._node(next(self._events), (*path, key or "?"), place)
            if key is None:
                continue
            if key in entries:
                first = entries[key].key
                twice = f"the key is given twice, first at {first.line}:{first.column}; keep one of them"
                self._say(place, (*path, key), twice)
            else:
                entries[key] = Entry(place, node)
        return entries

    def _key(self, event: Event, path: Path) -> str | None:
        """Read a key, as text whatever it looks like; None where it was refused."""
        place = _place(event)
        if isinstance(event, ScalarEvent):
            self._refuse_marks(event, place, path)
            if event.value == "<<" and event.style is None:
                self._say(place, path, "merge keys (<<) are not allowed, write the entries out")
                return None
            return str(event.value)
        self._node(event, (*path, "?"), place)
        if not isinstance(event, AliasEvent):
            self._say(place, path, "a mapping or list cannot be a key, write a text")
        return None

    def _sequence(self, path: Path) -> list[Node]:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), _place(event)))
        return items

    def _scalar(self, event: ScalarEvent, path: Path, place: Place) -> Node:
        value = str(event.value) if event.style is not None or event.tag else _plain_scalar(event.value)
        if value is None and len(path) > 1:
            self._say(place, path, "the value is empty, write one or remove the key")
            return Node(place, REFUSED)
        return Node(place, value)


def _plain_scalar(text: str) -> Scalar:
    """Read an unquoted scalar by the core schema of YAML 1.2 (section 10.3.2); hex, octal and .inf stay text."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(event: Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _after(text: str) -> Place:
    """Give the place that follows the text."""
    lines = _LINE_END.split(text)
    return Place(len(lines), len(lines[-1]) + 1)
