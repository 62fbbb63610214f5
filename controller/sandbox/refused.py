"""A request that the provider would not carry out."""

from collections.abc import Sequence


class RefusedError(Exception):
    """Becomes a JSON answer. `status` is the HTTP status, `problems` one line for each place that is wrong."""

    def __init__(self, status: int, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.problems = tuple(problems)
