"""The date of an answer: what it says, and what it says nothing of."""

import math

import pytest

from controller.vogent.date_header import date_of


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        ({"Date": "Thu, 01 Jan 1970 00:01:00 GMT"}, 60.0),
        ({"Date": "Thu, 01 Jan 1970 00:01:00 GMT", "Age": "5"}, None),
        ({"Date": "yesterday", "Age": "5"}, None),
        ({}, None),
        ({"Date": "yesterday"}, math.inf),
        ({"Date": ""}, math.inf),
        ({"Date": "Fri, 31 Dec 99999 23:59:59 GMT"}, math.inf),
        ({"Date": "Fri, 99 Dec 2026 23:59:59 GMT"}, math.inf),
    ],
)
def test_a_date_is_read_none_is_none_and_one_that_is_none_is_infinite(
    headers: dict[str, str], date: float | None
) -> None:
    assert date_of(headers) == date
