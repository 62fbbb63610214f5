"""The simulator catches mistakes that somebody might make in the code, seeded one at a time.

`--all-defects` tries each; without it a quick one is tried. What caught a defect is in the report of its test.
"""

from collections.abc import Callable

import pytest

from tests.simulation.defects import YEARS, hunt
from tests.simulation.seeded import DEFECTS, Defect, patched

pytestmark = pytest.mark.once

SAMPLE = ("anticipate no close",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "defect" in metafunc.fixturenames:
        wanted = [each for each in DEFECTS if metafunc.config.getoption("--all-defects") or each.name in SAMPLE]
        metafunc.parametrize("defect", wanted, ids=[each.name for each in wanted])


@pytest.mark.no_cover
def test_the_simulator_catches_it(defect: Defect, record_property: Callable[[str, object], None]) -> None:
    caught = hunt(defect, YEARS)
    record_property("caught", caught.violation)
    print(f"{defect.name} ({', '.join(patched(defect))}): caught after {caught.seconds:.0f} s: {caught.violation}")  # noqa: T201 - the report
    assert caught.violation is not None, f"{defect.name} got away for {YEARS:g} year"


def test_at_least_25_defects_fit_the_code() -> None:
    assert len(DEFECTS) >= 25
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    for defect in DEFECTS:
        assert patched(defect)
