"""What a user would pick instead, where it is installed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "America/New_York"
HOURS = {"mon-fri": ["09:00-12:30", "13:30-17:00"], "sat": ["10:00-14:00"]}
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC).timestamp()
"""A Tuesday at ten in the morning, in that zone."""


class Missing(Exception):  # noqa: N818 - not a failure
    """It is not installed; says why."""


def opening_hours() -> Any:
    """The same calendar as opening-hours-py has it, with its holidays. Raises Missing."""
    try:
        from opening_hours import OpeningHours  # noqa: PLC0415
    except ImportError:
        raise Missing("opening-hours-py is not installed") from None
    text = "Mo-Fr 09:00-12:30,13:30-17:00; Sa 10:00-14:00; PH off"
    return OpeningHours(text, timezone=ZoneInfo(ZONE), country="US")


def custodian() -> Callable[[], object]:
    """Cloud Custodian's off-hours filter asked whether now is its hour. Raises Missing."""
    try:
        from c7n.filters.offhours import OffHour  # noqa: PLC0415
    except ImportError:
        raise Missing("c7n is not installed") from None
    asked = OffHour({"type": "offhour", "tag": "dialing", "default_tz": "et", "offhour": 17})
    resource = {"InstanceId": "i-1", "Tags": [{"Key": "dialing", "Value": "off=(M-F,17);on=(M-F,9);tz=et"}]}
    return lambda: asked(resource)


def kube_downscaler() -> Callable[[], object]:
    """kube-downscaler's `matches_time_spec`. Raises Missing."""
    try:
        from kube_downscaler.helper import matches_time_spec  # noqa: PLC0415
    except ImportError:
        raise Missing("kube-downscaler is on no package index") from None
    moment = datetime.fromtimestamp(NOW, UTC)
    return lambda: matches_time_spec(moment, f"Mon-Fri 09:00-17:00 {ZONE}")
