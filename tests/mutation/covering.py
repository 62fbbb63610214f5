"""Which tests execute which lines of the core, and how long each takes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
CORE = ROOT / "controller/core"
PYTEST = ("-p", "no:cacheprovider")
_PLUGINS = ("pytest_asyncio.plugin", "_hypothesis_pytestplugin", "xdist.plugin")


def plugins() -> list[object]:
    """Give those plugins of pytest that are needed, where PYTEST_DISABLE_PLUGIN_AUTOLOAD keeps all others out."""
    return [import_module(name) for name in _PLUGINS]


@dataclass(frozen=True)
class CoveringTests:
    """Ids of tests and the seconds that each takes, the quickest first."""

    seconds: Mapping[str, float]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold them, in the order in which they are first needed."""
        return tuple(dict.fromkeys(test.partition("::")[0] for test in self.seconds))


@dataclass
class Covering:
    """The tests of each line of each file; a line that is executed on import only belongs to all of them."""

    seconds: Mapping[str, float]
    lines: dict[str, dict[int, frozenset[str]]] = field(default_factory=dict)

    def of(self, path: Path, line: int) -> CoveringTests:
        """Give the tests that should notice a change of the line."""
        chosen = self.lines.get(str(path), {}).get(line) or self.seconds.keys()
        return CoveringTests(
            {test: self.seconds[test] for test in sorted(chosen, key=lambda test: (self.seconds[test], test))}
        )


def measure(tests: Iterable[str]) -> Covering:
    """Run the tests once, each with empty caches. Raises RuntimeError where they do not pass."""
    with tempfile.TemporaryDirectory() as folder:
        data, times = Path(folder) / "coverage", Path(folder) / "times"
        command = (sys.executable, "-m", "tests.mutation.measuring", str(data), str(times), *tests)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"the tests do not pass without any mutation:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
            )
        seconds = dict(_times(times))
        found = Covering(seconds)
        measured = coverage.CoverageData(str(data))
        measured.read()
        for path in measured.measured_files():
            contexts = measured.contexts_by_lineno(path)
            found.lines[path] = {line: frozenset(tests) & seconds.keys() for line, tests in contexts.items()}
        return found


def _times(path: Path) -> Iterator[tuple[str, float]]:
    for line in path.read_text().splitlines():
        seconds, _, test = line.partition(" ")
        yield test, float(seconds)
