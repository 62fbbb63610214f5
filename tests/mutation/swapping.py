"""Changed functions put into a module that is already imported, so that a trial costs no import."""

import sys
from collections.abc import Iterator, Mapping
from functools import _lru_cache_wrapper
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType
from typing import Any

Functions = Mapping[str, CodeType]
"""Code of functions and methods by qualified name."""


def swappable(original: CodeType, changed: CodeType) -> Functions | None:
    """Find the functions in which two modules differ; None where they differ in anything else."""
    if _shell(original) != _shell(changed):
        return None
    before, after = dict(functions_of(original)), dict(functions_of(changed))
    found = {name: code for name, code in after.items() if before.get(name) != code}
    return found if found and not any("<" in name for name in found) else None


def swap(module: str, functions: Functions) -> None:
    """Put them in, and empty the core's caches. Raises AttributeError where one is not found."""
    for name, code in functions.items():
        _function(module, name).__code__ = code
    empty_caches()


def empty_caches() -> None:
    """Forget what functions of the core remember."""
    for name, module in list(sys.modules.items()):
        if name.startswith("controller.core"):
            for value in vars(module).values():
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()


def _is_function(value: object) -> bool:
    return isinstance(value, CodeType) and bool(value.co_flags & CO_OPTIMIZED)


def _shell(code: CodeType) -> tuple[object, ...]:
    """What the module and its classes do by themselves: all but the insides of functions."""
    inner = tuple(
        "a function" if _is_function(each) else _shell(each) if isinstance(each, CodeType) else (type(each), each)
        for each in code.co_consts
    )
    return code.co_code, code.co_names, inner


def functions_of(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Give the functions and methods of a module or a class."""
    for each in code.co_consts:
        if _is_function(each):
            yield each.co_qualname, each
        elif isinstance(each, CodeType):
            yield from functions_of(each)


def _function(module: str, qualified: str) -> FunctionType:
    found: Any = sys.modules[module]
    for name in qualified.split("."):
        found = vars(found)[name]
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__func__", found)
    return getattr(found, "__wrapped__", found)
