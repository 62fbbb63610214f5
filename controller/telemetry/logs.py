"""structlog, set up for the daemon: one line an event, as JSON for machines or readable on a terminal."""

import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from controller.telemetry.alarms import Alarms
from controller.telemetry.writer import LineWriter

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

FORMATS: Final[tuple[LogFormat, ...]] = ("auto", "json", "console")
LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
REDACTED: Final = "[key]"

_FIRST: Final[dict[str, Any]] = dict.fromkeys(("timestamp", "level", "event"))


class LogPipeline:
    """The logs while they are set up; made by `configure_logs`."""

    def __init__(self, writer: LineWriter, handler: logging.Handler) -> None:
        self._writer = writer
        self._handler = handler
        root = logging.getLogger()
        self._root_level = root.level
        root.addHandler(handler)
        root.setLevel(logging.WARNING)
        logging.captureWarnings(capture=True)

    @property
    def dropped(self) -> int:
        """How many lines were lost so far."""
        return self._writer.dropped

    @property
    def untold_alarms(self) -> int:
        """How many errors could not go their second way so far, although nobody read the first."""
        return self._writer.untold

    def close(self, deadline_seconds: float) -> None:
        """Write what is queued, for at most so many seconds. Blocks; lines that come later are dropped."""
        logging.captureWarnings(capture=False)
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._root_level)
        self._writer.close(deadline_seconds)


def configure_logs(
    format: LogFormat,  # noqa: A002 - the configuration's own word
    level: LogLevel,
    stream: TextIO,
    *,
    now: Callable[[], float],
    secrets: Callable[[], Iterable[str]] = tuple,
    alarms: TextIO | None = None,
) -> LogPipeline:
    """Send structlog's events, and what libraries log at WARNING and above, to `stream` as lines.

    `auto` is console on a terminal and JSON elsewhere. `now` gives the epoch seconds of the timestamps. Wherever one of
    `secrets`, asked for with every line, would appear, "[key]" does; it must not raise, and another thread may call it.
    Lines of level error and above go to `alarms` too where the reader of `stream` does not come, unless both are the
    same file. Raises ValueError for an unknown format or level.
    """
    _refuse_unknown("format", format, FORMATS)
    _refuse_unknown("level", level, LEVELS)
    terminal = stream.isatty()
    console = format == "console" or (format == "auto" and terminal)
    stamp = _Timestamp(now)
    last: list[Processor] = [*(_console(terminal) if console else _JSON), _Redaction(secrets)]

    def report(count: int, untold: int) -> str:
        facts = {"event": "logs.dropped", "level": "warning", "count": count, "untold_alarms": untold}
        return str(_render([stamp, *last], facts))

    writer = LineWriter(stream, report, alarms=Alarms(stream, alarms))
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
        logger_factory=lambda *_: _LineLogger(writer),
        cache_logger_on_first_use=False,
    )
    return LogPipeline(writer, _LibraryHandler())


def _refuse_unknown(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"log {what} {given!r} is unknown; use one of {', '.join(known)}")


def _render(processors: list[Processor], event_dict: EventDict) -> Any:  # noqa: ANN401 - as structlog's own chain
    result: Any = event_dict
    for processor in processors:
        result = processor(None, "", result)
    return result


class _LineLogger:
    """What structlog hands the finished line to, under whatever level's name."""

    def __init__(self, writer: LineWriter) -> None:
        self.debug = self.info = self.warning = self.msg = writer.put
        self.error = self.critical = writer.put_alarm


class _Timestamp:
    """Says when, and puts how bad and what behind it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __call__(self, _logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        told = _FIRST | dict(event_dict)
        microseconds = round(self._now() * 1_000_000)
        told["timestamp"] = f"{_second(microseconds // 1_000_000)}.{microseconds % 1_000_000:06d}Z"
        return told


@lru_cache(maxsize=4)
def _second(epoch: int) -> str:
    """A close logs thousands of lines in each."""
    return datetime.fromtimestamp(epoch, UTC).isoformat()[:19]


class _Redaction:
    """The last line of defence: no key may get as far as here."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets

    def __call__(self, _logger: WrappedLogger, _method: str, line: Any) -> str:  # noqa: ANN401 - rendered before
        text = str(line)
        for form in _forms(frozenset(self._secrets())):
            if form in text:
                text = text.replace(form, REDACTED)
        return text


@lru_cache(maxsize=64)
def _forms(secrets: frozenset[str]) -> tuple[str, ...]:
    """How they may stand in a line, the longest first: one key may begin with another."""
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return tuple(form for secret in longest_first for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]))


class _LibraryHandler(logging.Handler):
    """What aiohttp, APScheduler, asyncio and the others log, as one event."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on to structlog."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: a library's bug must not hide its message
            message = str(record.msg)
        level = max(logging.WARNING, min(record.levelno // 10 * 10, logging.CRITICAL))
        structlog.get_logger().log(
            level,
            "library.logged",
            logger=record.name,
            message=message,
            **({"exc_info": record.exc_info} if record.exc_info else {}),
        )


def _to_json(event_dict: EventDict, **_: object) -> str:
    try:
        return _dump(event_dict)
    except (TypeError, ValueError, RecursionError):  # a fact that JSON cannot say is no reason to lose the line
        return _dump({str(key): _sayable(value) for key, value in event_dict.items()})


_ENCODER: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, default=str)


def _dump(value: object) -> str:
    return _ENCODER.encode(value)


def _sayable(value: object) -> object:
    try:
        _dump(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
    return value


def _printable(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Escape what would move a terminal's cursor: names come from elsewhere. Tracebacks keep their lines."""
    return {
        key: _escaped(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event_dict.items()
    }


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


# A traceback is plain text, without local variables, which may hold a key.
_JSON: Final[list[Processor]] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(serializer=_to_json),
]


def _console(colors: bool) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [_printable, renderer]
