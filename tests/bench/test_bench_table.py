"""What the benchmark's table says of figures, and that each part is there to be measured."""

import importlib.util

import pytest

from tests.bench.__main__ import PARTS, main
from tests.bench.micro import by_turns
from tests.bench.table import Bar, alone, beside, compared, markdown, missing, unpaired


@pytest.mark.parametrize(
    ("bar", "ratio", "met"),
    [
        (Bar.at_least(0.7), 0.7, True),
        (Bar.at_least(0.7), 0.69, False),
        (Bar.at_most(2), 2.0, True),
        (Bar.at_most(2), 2.1, False),
    ],
)
def test_a_bar_is_met_at_its_limit_and_on_its_side(bar: Bar, ratio: float, met: bool) -> None:
    assert bar.met(ratio) is met


def test_the_median_of_the_pairs_ratios_decides_and_not_the_ratio_of_the_medians() -> None:
    row = compared("part", "what", "s", [1.0, 2.0, 30.0], "theirs", [1.0, 4.0, 10.0], Bar.at_most(1.25))
    assert (row.ours, row.theirs, row.ratio, row.met) == (2.0, 4.0, 1.0, True)


def test_a_pair_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        compared("part", "what", "s", [1.0, 2.0], "theirs", [1.0], Bar.at_most(1))


def test_what_was_measured_apart_is_compared_by_its_medians() -> None:
    row = unpaired("part", "what", "s", [1.0, 3.0, 2.0], "theirs", [4.0], Bar.at_most(0.4))
    assert (row.ratio, row.met) == (0.5, False)


def test_a_limit_is_shown_without_a_bar_and_says_what_it_means() -> None:
    row = beside("part", "what", "jobs/s", [1.0, 3.0, 2.0], "theirs", [4.0], "half of the limit")
    assert (row.ratio, row.met, row.bar) == (0.5, None, "-")
    assert "| 0.5 | - | half of the limit |" in markdown([row])


def test_the_table_says_what_is_missing_and_why_and_what_is_not_met() -> None:
    rows = [
        missing("calendar", "open now", "another library", Bar.at_most(1), "it is not installed"),
        alone("memory", "a job", "bytes", 1234.5, Bar.at_most(700)),
    ]
    text = markdown(rows)
    assert "| calendar | open now |  | another library |  |  | ≤ 1 | it is not installed |" in text
    assert "| memory | a job | 1,234 bytes | - |  |  | ≤ 700 bytes | **no** |" in text


def test_contestants_take_turns_and_each_round_gives_a_figure() -> None:
    order: list[str] = []
    figures = by_turns(lambda: order.append("ours"), lambda: order.append("theirs"), rounds=4)
    assert [len(each) for each in figures] == [4, 4]
    assert all(figure > 0 for each in figures for figure in each)


def test_each_part_has_its_module() -> None:
    assert all(importlib.util.find_spec(f"tests.bench.parts.{part}") for part in PARTS)


def test_a_part_that_there_is_not_is_named_with_those_that_there_are(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweeep"], tmp_path) == 2  # type: ignore[arg-type]
    assert "there is no part sweeep; there are sweep, boundary" in capsys.readouterr().err
