"""One mutant, tried in a forked process: the tests that cover it run against the changed module until one fails."""

import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from importlib.abc import MetaPathFinder
from types import CodeType, ModuleType

import hypothesis
import pytest

from tests.mutation.covering import PYTEST, CoveringTests, plugins
from tests.mutation.operators import Mutant

_MEMORY = 3 * 2**30
_IMPORT_SECONDS = 20.0


class Verdict(Enum):
    """What became of a mutant. Killed and timed out ones were noticed."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNCOVERED = "not covered"


def start(trial: Callable[[], int]) -> int:
    """Begin a trial in a child process, and give its id. What the trial gives is the exit code: 0 is survived."""
    child = os.fork()
    if child:
        return child
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = trial()
    except BaseException:  # noqa: BLE001 - whatever it is, the mutant was noticed
        code = 1
    os._exit(code)


def verdict(status: int) -> Verdict:
    """What the end of the child says."""
    if os.WIFSIGNALED(status):
        return Verdict.TIMED_OUT
    return Verdict.SURVIVED if os.WEXITSTATUS(status) == 0 else Verdict.KILLED


def limit(seconds: float) -> None:
    """Let the process be killed after so many more seconds of the processor."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_test(tests: CoveringTests, test: str) -> None:
    """Let a test take far longer than it did, but not for ever."""
    limit(3 + 5 * tests.seconds[test])


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return self._code


class _Finder(MetaPathFinder):
    """Gives the changed module instead of the one on disk."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        self._mutant = mutant
        self._path = path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != self._mutant.module:
            return None
        loader = _Changed(fullname, self._path, self._mutant.code)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Selection:
    """Runs the covering tests only, the quickest first."""

    def __init__(self, tests: CoveringTests) -> None:
        self._tests = tests
        self._order = {test: number for number, test in enumerate(tests.seconds)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        limit_test(self._tests, item.nodeid)
        return (yield)


def imported(mutant: Mutant, path: str, tests: CoveringTests) -> int:
    """A trial in a process that has not imported the core yet. Gives pytest's exit code."""
    limit(_IMPORT_SECONDS)
    sys.meta_path.insert(0, _Finder(mutant, path))
    return int(pytest.main([*PYTEST, "-x", *tests.files], plugins=[*plugins(), _Selection(tests), Hurry()]))


class Hurry:
    """Lets hypothesis search as ever, always alike, and be content with any example that fails."""

    @staticmethod
    def pytest_configure() -> None:
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.load_profile("patient")
        hypothesis.settings.register_profile(
            "mutants", hypothesis.settings(), phases=phases, derandomize=True, database=None, report_multiple_bugs=False
        )
        hypothesis.settings.load_profile("mutants")
