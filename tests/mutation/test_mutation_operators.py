"""The mutation run's own parts: what is changed, what is left alone, and how a change gets into a module."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutation.covering import Covering
from tests.mutation.operators import enum_members, mutants
from tests.mutation.swapping import functions_of, swap, swappable

ENUM = "class Colour(StrEnum):\n    RED = 'red'\n    BLUE = 'blue'\n"


def changes(source: str) -> list[str]:
    return [mutant.what for mutant in mutants("m", "m.py", source, enum_members(ENUM))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a < b → a <= b", "a < b → a >= b"]),
        ("a is not b", ["a is not b → a is b"]),
        (
            "a < b <= c",
            [
                "a < b <= c → a <= b <= c",
                "a < b <= c → a >= b <= c",
                "a < b <= c → a < b < c",
                "a < b <= c → a < b > c",
            ],
        ),
        ("a + b", ["a + b → a - b"]),
        ("a -= b", ["a -= b → a += b", "a -= b → pass"]),
        ("a and b", ["a and b → a or b", "a and b → b", "a and b → a"]),
        ("not a", ["not a → a"]),
        ("f(7)", ["f(7) → pass", "7 → 8"]),
        ("x = True", ["True → False"]),
        ("x = 'b'", ["'b' → 'XXbXX'"]),
        ("x = a if b else c", ["a if b else c → a if True else c", "a if b else c → a if False else c"]),
        ("x = [a for a in b if c]", ["for a in b if c → for a in b"]),
        ("x = min(a, key=b)", ["min(a, key=b) → min(a)", "min → max"]),
        ("x = math.floor(a)", ["math.floor → math.ceil"]),
        ("x = Colour.BLUE", ["Colour.BLUE → Colour.RED"]),
        ("def f(): return a", ["return a → return None"]),
        ("def f(): return None", []),
        ("raise a", ["raise a → pass"]),
        ("while a: break", ["while a: break → while False: break", "break → continue"]),
    ],
)
def test_one_place_is_changed_at_a_time(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring with 1 number."""',
        "def f(a: Literal['x']) -> 'int | None': ...",
        "@lru_cache(maxsize=8)\ndef f(): ...",
        "Name: TypeAlias = 'int'",
        "x: Literal[1] = y",
        "x = f'{a:02}'",
        "x = field(default=1)",
    ],
)
def test_what_means_nothing_to_behaviour_is_left_alone(source: str) -> None:
    assert [what for what in changes(source) if "..." not in what] == []


SOURCE = """
from functools import lru_cache
LIMIT = 5
def plain(x): return x < LIMIT
@lru_cache
def cached(x): return [y + 1 for y in x]
class Thing:
    @property
    def size(self): return 7
    def grow(self, by): return (lambda: by * 2)()
"""


@pytest.fixture
def module() -> Iterator[ModuleType]:
    made = ModuleType("controller.core.made_for_a_test")
    exec(code_of(SOURCE), vars(made))  # noqa: S102 - what the test is about
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def code_of(source: str) -> CodeType:
    return compile(source, "made.py", "exec")


def test_a_changed_function_is_put_into_a_module_that_is_in_use(module: ModuleType) -> None:
    plain, thing = module.plain, module.Thing()
    assert (plain(5), module.cached((1,)), thing.size, thing.grow(3)) == (False, [2], 7, 6)
    for old, new in (("x < LIMIT", "x <= LIMIT"), ("y + 1", "y - 1"), ("return 7", "return 8"), ("by * 2", "by * 3")):
        functions = swappable(code_of(SOURCE), code_of(SOURCE.replace(old, new)))
        assert functions is not None
        assert len(functions) == 1
        swap(module.__name__, functions)
    assert (plain(5), module.cached((1,)), thing.size, thing.grow(3)) == (True, [0], 8, 9)


@pytest.mark.parametrize(("old", "new"), [("LIMIT = 5", "LIMIT = 6"), ("class Thing:", "class Thing:\n    x = 1")])
def test_a_change_outside_of_functions_cannot_be_put_in(old: str, new: str) -> None:
    assert swappable(code_of(SOURCE), code_of(SOURCE.replace(old, new))) is None
    assert swappable(code_of(SOURCE), code_of(SOURCE)) is None
    assert "Thing.grow" in dict(functions_of(code_of(SOURCE)))


def test_a_line_is_tried_by_the_tests_that_execute_it_the_quickest_first_and_any_other_by_all() -> None:
    covering = Covering({"b.py::slow": 2.0, "a.py::quick": 0.1, "b.py::never": 0.0})
    covering.lines["m.py"] = {3: frozenset({"b.py::slow", "a.py::quick"})}
    assert dict(covering.of(Path("m.py"), 3).seconds) == {"a.py::quick": 0.1, "b.py::slow": 2.0}
    assert covering.of(Path("m.py"), 3).files == ("a.py", "b.py")
    assert list(covering.of(Path("m.py"), 1).seconds) == ["b.py::never", "a.py::quick", "b.py::slow"]
