"""Making a failing run smaller: fewer days, then fewer kinds of happenings, as long as it still fails."""

from tests.simulation.happenings import HAPPENINGS
from tests.simulation.run import Result, simulate

LEAST_DAYS = 0.25


def shrunk(failing: Result, without: frozenset[str] = frozenset()) -> tuple[Result, frozenset[str]]:
    """The smallest run of the same seed that still fails, and the happenings that it does without. `without` are those
    that the failing run did without.
    """
    best = _fewer_days(failing, without)
    for name in sorted(happening.__name__ for _weight, happening in HAPPENINGS):
        smaller = simulate(best.seed, best.days, without | {name})
        if smaller.violations:
            best, without = smaller, without | {name}
    return best, without


def _fewer_days(failing: Result, without: frozenset[str]) -> Result:
    """A run of fewer days begins as the longer one does, so that half of the days hold half of the story."""
    best, too_few = failing, 0.0
    while best.days - too_few > LEAST_DAYS:
        middle = (best.days + too_few) / 2
        result = simulate(failing.seed, middle, without)
        if result.violations:
            best = result
        else:
            too_few = middle
    return best
