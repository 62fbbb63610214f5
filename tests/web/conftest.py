"""The stage of the runtime's tests, for the faces of what runs."""

from tests.runtime.conftest import logs, no_waits, stage

__all__ = ["logs", "no_waits", "stage"]
