"""What the pages' filters ask."""

from typing import Annotated

from pydantic import BeforeValidator

from controller.web.queries import Text


def _given(value: object) -> object:
    """A form sends every field, also the empty ones."""
    return value.strip() or None if isinstance(value, str) else value


Asked = Annotated[Text | None, BeforeValidator(_given)]
"""A text, None where the field was left empty."""
