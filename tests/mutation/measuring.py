"""The run that measures: `python -m tests.mutation.measuring DATA TIMES TEST…` (a process of its own)."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutation.covering import CORE, PYTEST, plugins
from tests.mutation.swapping import empty_caches
from tests.mutation.trial import Hurry


class _Measuring:
    """Tells coverage which test runs, and empties the core's caches before each, so that none hides another."""

    def __init__(self, measured: coverage.Coverage, times: Path) -> None:
        self._measured = measured
        self._times = times
        self._lines: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        empty_caches()
        self._measured.switch_context(item.nodeid)
        result = yield
        self._measured.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._lines.append(f"{report.duration:.4f} {report.nodeid}\n")

    def pytest_sessionfinish(self) -> None:
        self._times.write_text("".join(self._lines))


def main() -> int:
    """Run the tests. Gives pytest's exit code."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    data, times, *tests = sys.argv[1:]
    measured = coverage.Coverage(data_file=data, config_file=False, include=[f"{CORE}/*"])
    measured.start()
    code = int(pytest.main([*PYTEST, *tests], plugins=[*plugins(), _Measuring(measured, Path(times)), Hurry()]))
    measured.stop()
    measured.save()
    return code


if __name__ == "__main__":
    sys.exit(main())
