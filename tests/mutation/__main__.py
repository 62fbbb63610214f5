"""How many small changes to the core its tests notice: `make mutants`, or `python -m tests.mutation [MODULE …]`.

Why not a tool: mutmut leaves out every function with a decorator and whatever stands outside of functions, which in
the core are the cached compilers, the properties and the precedence table; cosmic-ray starts pytest and all tests anew
for each mutant, which takes hours. Here a mutant takes about a second: a forked process that has the libraries already
runs only the tests that execute the changed line, the quickest first.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from tests.mutation.collected import Swap, in_parallel, try_swaps
from tests.mutation.covering import CORE, Covering, measure, plugins
from tests.mutation.operators import Mutant, enum_members, mutants
from tests.mutation.swapping import functions_of, swappable
from tests.mutation.trial import Verdict, imported

_NEEDED = 95.0
_TESTS = "tests/core"


def main() -> int:
    """Try every mutant. Gives 0 where enough were noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="mutation score of controller/core")
    parser.add_argument("modules", nargs="*", help="such as interval; all by default")
    parser.add_argument("--sample", type=int, help="try so many mutants, chosen by chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    began = time.monotonic()
    chosen = list(all_mutants(given.modules))
    if given.sample:
        chosen = sorted(random.sample(chosen, min(given.sample, len(chosen))), key=lambda each: each[:2])
    covering = measure([_TESTS])
    check_trials(covering)
    verdicts = try_all(chosen, covering, given.jobs)
    report(chosen, verdicts, time.monotonic() - began)
    return 0 if score(verdicts) >= _NEEDED else 1


def all_mutants(modules: list[str]) -> Iterator[Mutant]:
    """Give the mutants of these modules of the core, of all where none is named."""
    sources = {path: path.read_text() for path in sorted(CORE.glob("*.py"))}
    enums = {name: members for source in sources.values() for name, members in enum_members(source).items()}
    for path, source in sources.items():
        if not modules or path.stem in modules:
            yield from mutants(f"controller.core.{path.stem}", str(path), source, enums)


def check_trials(covering: Covering) -> None:
    """Try a module that is as it was, in both ways. Raises RuntimeError where that is noticed."""
    same = unchanged("controller.core.claim")
    path = _path(same.module)
    tests = covering.of(path, same.line)
    functions = {name: code for name, code in functions_of(same.code) if "<" not in name}
    found = [
        *in_parallel([(0, partial(imported, same, str(path), tests))], 1),
        *try_swaps([Swap(1, same.module, functions, tests)], _TESTS, 1),
    ]
    if found != [(0, Verdict.SURVIVED), (1, Verdict.SURVIVED)]:
        raise RuntimeError(f"a module without any change is said to be noticed: the trials do not work: {found}")


def unchanged(module: str) -> Mutant:
    """A module as it is: no test may notice it."""
    path = _path(module)
    return Mutant(module, 0, "nothing", compile(path.read_text(), str(path), "exec"))


def _path(module: str) -> Path:
    return CORE / f"{module.rpartition('.')[2]}.py"


def try_all(chosen: Sequence[Mutant], covering: Covering, jobs: int) -> list[Verdict]:
    """Try the mutants, so many at a time, and tell of survivors as they come."""
    plugins()  # imported once, for all forked processes
    found = [Verdict.UNCOVERED] * len(chosen)
    swaps: list[Swap] = []
    others: list[tuple[int, Callable[[], int]]] = []
    for number, mutant in enumerate(chosen):
        functions = swappable(unchanged(mutant.module).code, mutant.code)
        tests = covering.of(_path(mutant.module), mutant.line if functions else 0)
        if tests.seconds and functions:
            swaps.append(Swap(number, mutant.module, functions, tests))
        elif tests.seconds:
            others.append((number, partial(imported, mutant, str(_path(mutant.module)), tests)))
    verdicts = chain(in_parallel(others, jobs), try_swaps(swaps, _TESTS, jobs) if swaps else ())
    for done, (number, each) in enumerate(verdicts, 1):
        found[number] = each
        if each is Verdict.SURVIVED:
            _say(_line(chosen[number], each))
        if done % 100 == 0:
            _say(f"{done} of {len(chosen)} mutants tried")
    return found


def score(verdicts: Collection[Verdict]) -> float:
    """How many of a hundred were noticed."""
    noticed = sum(each in (Verdict.KILLED, Verdict.TIMED_OUT) for each in verdicts)
    return 100 * noticed / len(verdicts) if verdicts else 0.0


def report(chosen: Sequence[Mutant], verdicts: Sequence[Verdict], seconds: float) -> None:
    """Print the survivors, each module's score and that of all."""
    both = list(zip(chosen, verdicts, strict=True))
    _say("")
    for mutant, each in both:
        if each in (Verdict.SURVIVED, Verdict.UNCOVERED):
            _say(_line(mutant, each))
    _say("")
    for module, group in groupby(both, key=lambda pair: pair[0].module):
        of_module = [each for _, each in group]
        _say(f"{module:32} {score(of_module):6.1f} % of {len(of_module)}")
    counts = Counter(verdicts)
    kinds = ", ".join(f"{counts[each]} {each.value}" for each in Verdict if counts[each])
    _say(f"mutation score {score(verdicts):.1f} %: {len(chosen)} mutants, {kinds}; {seconds / 60:.0f} minutes")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _line(mutant: Mutant, found: Verdict) -> str:
    return f"{found.value}: {mutant.module.replace('.', '/')}.py:{mutant.line}: {mutant.what}"


if __name__ == "__main__":
    sys.exit(main())
