"""The text by which schedules are compared."""

import json
from typing import Any

from hypothesis import given

from controller.vogent.schedule_text import canonical_schedule
from tests.vogent.answers import JSON_VALUES


@given(JSON_VALUES.filter(lambda value: value is not None))
def test_canonical_text_keeps_the_schedule_and_is_the_same_for_what_it_says(value: Any) -> None:
    text = canonical_schedule(value)
    assert text is not None
    assert json.loads(text) == value
    assert canonical_schedule(json.loads(text)) is text
