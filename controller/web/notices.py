"""What senders of webhooks write, as notices. Fields that we do not know are left alone."""

import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from controller.core.interval import Instant
from controller.core.signals import Notice, NoticeStatus
from controller.rules.clock_text import parse_instant
from controller.web.problems import WrongPart, problems_of
from controller.web.requests import LONGEST

LATEST = parse_instant("2999-12-31T23:59:59Z")
"""What is no number of seconds may be one of milliseconds."""
_LONGEST_NAME = 60
_FINER = re.compile(r"(\.[0-9]{6})[0-9]+")

Where = list[WrongPart]


def parse_moment(value: object) -> Instant:
    """Read RFC 3339, to the microsecond, or epoch seconds. Raises ValueError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 <= value <= LATEST:
            raise ValueError(f"{value} is no number of seconds since 1970")
        return float(value)
    return parse_instant(_FINER.sub(r"\1", value) if isinstance(value, str) else value)


_Moment = Annotated[Instant, PlainValidator(parse_moment)]
_Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
_Labels = dict[str, str]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Alert(_Payload):
    status: Literal["firing", "resolved"]
    labels: _Labels
    annotations: _Labels = Field(default_factory=dict)
    started: _Moment = Field(alias="startsAt")
    ended: str | None = Field(default=None, alias="endsAt")
    fingerprint: str = Field(default="", max_length=LONGEST)

    def end(self) -> Instant | None:
        """When it ended; None where that cannot be read."""
        try:
            return parse_moment(self.ended)
        except ValueError:
            return None


class _Group(_Payload):
    version: Literal["4"]
    alerts: list[Any]
    truncated: int = Field(default=0, alias="truncatedAlerts")


class Signed(_Payload):
    """The body of a signed notice."""

    timestamp: _Moment
    id: _Text
    status: Literal["firing", "resolved"]
    key: _Text
    labels: _Labels
    reason: str | None = None
    started: _Moment | None = None

    def notice(self, webhook: str) -> Notice:
        """Give it as a value."""
        started = self.timestamp if self.started is None else self.started
        reason = said(self.reason or "") or f"{said(self.key)} is firing"
        dated = self.started is not None
        name = name_of(webhook, self.key)
        return Notice(self.key, NoticeStatus(self.status), started, self.labels, name, reason, dated)


def alertmanager_notices(webhook: str, body: bytes) -> tuple[list[Notice], int, Where]:
    """The alerts of a group, how many it left out, and what is wrong with others. Raises ValidationError where it is no
    payload of version 4: one alert that cannot be read keeps none of the others from counting.
    """
    group = _Group.model_validate_json(body)
    notices: list[Notice] = []
    wrong: Where = []
    for index, raw in enumerate(group.alerts):
        try:
            notices.append(_alert_notice(webhook, _Alert.model_validate(raw)))
        except ValidationError as error:
            for each in problems_of(error):
                where = f"alerts.{index}.{each['where']}".rstrip(".")
                wrong.append(WrongPart(where=where, what=each["what"]))
    return notices, group.truncated, wrong


def _alert_notice(webhook: str, alert: _Alert) -> Notice:
    alertname = said(alert.labels.get("alertname", "")) or "alert"
    reason = next((text for key in ("summary", "description") if (text := said(alert.annotations.get(key, "")))), "")
    key = alert.fingerprint or _fingerprint(alert.labels)
    name = f"{webhook}/{alertname[:_LONGEST_NAME]}-{said(key)[:8]}"
    status = NoticeStatus(alert.status)
    ended = alert.end() if status is NoticeStatus.RESOLVED else None
    return Notice(key, status, alert.started, alert.labels, name, reason or alertname, ended=ended)


def _fingerprint(labels: _Labels) -> str:
    """Of senders that leave it out."""
    text = json.dumps(sorted(labels.items()), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def name_of(webhook: str, key: str) -> str:
    """An incident's name that can be typed: the key itself where that is short and plain, else its begin and a hash."""
    if len(key) <= _LONGEST_NAME and re.fullmatch(r"[\w.:@/-]+", key):
        return f"{webhook}/{key}"
    plain = re.sub(r"[^\w.:@/-]+", "-", key)[: _LONGEST_NAME - 9].strip("-")
    return f"{webhook}/{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def said(text: str) -> str:
    """What a sender wrote, in one printable line of bounded length."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
