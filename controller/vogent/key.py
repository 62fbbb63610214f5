"""The API key: read afresh now and then, and shown to nobody."""

from collections.abc import Callable

from controller.vogent.errors import ErrorReason, Unauthorized

#: For how many seconds a key that was read is used without reading it again.
KEY_KEPT_FOR = 30.0


class FreshKey:
    """A key that follows its source: read again after KEY_KEPT_FOR seconds, and after `forget()`.

    `read` gives the key as text and may raise anything; `monotonic` gives seconds that only grow.
    """

    def __init__(self, read: Callable[[], str], monotonic: Callable[[], float]) -> None:
        self._read = read
        self._monotonic = monotonic
        self._key: str | None = None
        self._read_at = 0.0

    def __repr__(self) -> str:
        return "FreshKey(…)"

    def get(self) -> str:
        """Give the key. Raises Unauthorized (KEY_UNREADABLE) where none can be had or a header cannot hold it."""
        now = self._monotonic()
        if self._key is None or now - self._read_at >= KEY_KEPT_FOR:
            self._key = self._read_anew()
            self._read_at = now
        return self._key

    def forget(self) -> None:
        """Read the key again next time: the one in use was refused."""
        self._key = None

    def _read_anew(self) -> str:
        try:
            key: object = self._read()
        except Exception as error:  # noqa: BLE001 - whatever a source of keys raises means that there is no key
            # The error's own text might hold the key; the operating system's word for it cannot.
            problem = f"it cannot be read ({(isinstance(error, OSError) and error.strerror) or type(error).__name__})"
        else:
            stripped = key.strip() if isinstance(key, str) else ""
            if stripped and all("!" <= character <= "~" for character in stripped):
                return stripped
            problem = "it is empty or holds blanks, control or non-ASCII characters"
        raise Unauthorized(ErrorReason.KEY_UNREADABLE, f"no API key to send: {problem}")
