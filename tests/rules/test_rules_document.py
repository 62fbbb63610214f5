"""Where values stand in a file."""

import pytest

from controller.rules.document import Document
from controller.rules.wording import Path
from controller.rules.yaml_text import parse_document


@pytest.fixture
def document() -> Document:
    found, problems = parse_document("a.yaml", b"a:\n  b: [x, {c: 1}]\n  d:\n")
    assert found is not None
    assert [str(problem) for problem in problems] == [
        "a.yaml:3:3: a.d: the value is empty, write one or remove the key",
    ]
    return found


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("a",), (2, 3), (1, 1)),
        (("a", "b"), (2, 6), (2, 3)),
        (("a", "b", 0), (2, 7), (2, 7)),
        (("a", "b", 1, "c"), (2, 14), (2, 11)),
        (("a", "d"), (3, 3), (3, 3)),
        (("a", "missing"), (1, 1), (1, 1)),
        (("a", "b", 2), (2, 3), (2, 3)),
        (("a", "b", 0, "deeper", 1), (2, 7), (2, 7)),
    ],
)
def test_every_value_and_key_has_its_place_and_a_missing_one_that_of_the_nearest_key(
    document: Document,
    path: Path,
    value: tuple[int, int],
    key: tuple[int, int],
) -> None:
    assert document.place(path) == value
    assert document.key_place(path) == key
