"""Small changes to a module, each of which a test should notice: the operators of the mutation run."""

import ast
import builtins
import copy
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any, NamedTuple

Change = Callable[[Any], ast.AST]
"""Makes the changed node of a copy of the node."""

_COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_SWAPS = (("min", "max"), ("any", "all"), ("floor", "ceil"), ("bisect_left", "bisect_right"))
_OTHER_NAME = {name: other for pair in _SWAPS for name, other in (pair, pair[::-1])}
_UNTOUCHED_CALLS = ("field", "TypeVar")


class Mutant(NamedTuple):
    """A changed module: where, what, and its code."""

    module: str
    line: int
    what: str
    code: CodeType


def mutants(module: str, path: str, source: str, enums: Mapping[str, tuple[str, ...]]) -> Iterator[Mutant]:
    """Change one place of the source at a time. `enums` maps names of enums to their members."""
    tree = ast.parse(source)
    untouched = {id(each) for each in _untouched(tree)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in untouched:
            continue
        for change in _changes(node, enums):
            changed = copy.deepcopy(tree)
            place = next(each for index, each in enumerate(ast.walk(changed)) if index == number)
            new = change(copy.deepcopy(place))
            what = f"{_text(node)} → {_text(new)}"
            ast.fix_missing_locations(_Replacing(place, ast.copy_location(new, place)).visit(changed))
            yield Mutant(module, getattr(node, "lineno", 0), what, compile(changed, path, "exec"))


def enum_members(source: str) -> dict[str, tuple[str, ...]]:
    """Find the enums that a module defines, and the names of their members."""
    return {
        node.name: tuple(_assigned(node))
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases)
    }


def _assigned(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _untouched(tree: ast.Module) -> Iterator[ast.AST]:
    """Give what means nothing at run time, or nothing that a test of behaviour should look at."""
    for node in ast.walk(tree):
        for part in _untouched_parts(node):
            yield from ast.walk(part)


def _untouched_parts(node: ast.AST) -> list[ast.AST]:
    parts: list[ast.AST | None] = []
    match node:
        case ast.AnnAssign():
            parts = [node if "TypeAlias" in ast.unparse(node.annotation) else node.annotation]
        case ast.arg():
            parts = [node.annotation]
        case ast.FunctionDef():
            parts = [*node.decorator_list, node.returns]
        case ast.ClassDef():
            parts = [*node.decorator_list, *node.bases]
        case ast.Expr(value=ast.Constant()):  # a docstring
            parts = [node, node.value]
        case ast.FormattedValue():
            parts = [node.format_spec]
        case ast.Call() if ast.unparse(node.func) in _UNTOUCHED_CALLS:
            parts = [node]
    return [part for part in parts if part is not None]


def _changes(node: ast.AST, enums: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    yield from _operators(node)
    yield from _conditions(node)
    yield from _values(node, enums)
    yield from _statements(node)


def _operators(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                yield from (_with_operator(index, other) for other in _COMPARISONS[type(operator)])
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield lambda new: _with(new, op=_ARITHMETIC[type(new.op)]())
        case ast.BoolOp():
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield lambda new: _with(new, op=other())
            yield from (_without_operand(index) for index in range(len(node.values)))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda new: new.operand


def _conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If() | ast.IfExp():
            yield lambda new: _with(new, test=ast.Constant(value=True))
            yield lambda new: _with(new, test=ast.Constant(value=False))
        case ast.While():
            yield lambda new: _with(new, test=ast.Constant(value=False))
        case ast.comprehension():
            yield from (_without_condition(index) for index in range(len(node.ifs)))


def _values(node: ast.AST, enums: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    match node:
        case ast.Constant():
            yield from _constants(node)
        case ast.Call(func=ast.Name(id=name)) if name in dir(builtins):
            yield from (_without_keyword(index) for index in range(len(node.keywords)))
        case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Load()) if attr in enums.get(name, ()):
            members = enums[name]
            following = members[(members.index(attr) + 1) % len(members)]
            yield lambda new: _with(new, attr=following)
        case ast.Name(id=name, ctx=ast.Load()) if name in _OTHER_NAME:
            yield lambda new: _with(new, id=_OTHER_NAME[new.id])
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in _OTHER_NAME:
            yield lambda new: _with(new, attr=_OTHER_NAME[new.attr])


def _statements(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield lambda _new: ast.Return(value=ast.Constant(value=None))
        case ast.Raise() | ast.AugAssign() | ast.Delete():
            yield lambda _new: ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield lambda _new: ast.Pass()
        case ast.Break():
            yield lambda _new: ast.Continue()
        case ast.Continue():
            yield lambda _new: ast.Break()


def _with_operator(index: int, other: type[ast.cmpop]) -> Change:
    return lambda new: _with(new, ops=[*new.ops[:index], other(), *new.ops[index + 1 :]])


def _without_operand(index: int) -> Change:
    def change(new: ast.BoolOp) -> ast.AST:
        left = [*new.values[:index], *new.values[index + 1 :]]
        return left[0] if len(left) == 1 else _with(new, values=left)

    return change


def _without_condition(index: int) -> Change:
    return lambda new: _with(new, ifs=[*new.ifs[:index], *new.ifs[index + 1 :]])


def _without_keyword(index: int) -> Change:
    return lambda new: _with(new, keywords=[*new.keywords[:index], *new.keywords[index + 1 :]])


def _constants(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    other: object = None
    if isinstance(value, bool):
        other = not value
    elif isinstance(value, int | float):
        other = value + 1
    elif isinstance(value, str):
        other = f"XX{value}XX" if value else "XX"
    if other is not None:
        yield lambda _new: ast.Constant(value=other)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) <= 80 else f"{text[:80]}…"
