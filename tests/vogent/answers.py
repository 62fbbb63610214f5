"""Answers of the API as the tests make them up."""

import json
from typing import Any

from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
"""Whatever JSON can say."""


def encode(value: Any) -> bytes:
    """As the body of an answer."""
    return json.dumps(value).encode()


def raw_job(**changes: Any) -> dict[str, Any]:
    """A job, with some fields otherwise."""
    return {"id": "j", "name": "N", "callAgentId": "a", "status": "PAUSED", **changes}
