"""The shape of rules files: pydantic models whose fields already hold what the text means."""

from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import ConfigDict, Field, PlainValidator, ValidationInfo, field_validator, model_validator

from controller.core.calendar import Window
from controller.core.campaign import CLOSE_EARLY, OnDrift, Resume
from controller.core.interval import Instant
from controller.rules.clock_text import parse_duration, parse_instant, parse_window
from controller.rules.day_keys import DateKey, DayKey, parse_date_key, parse_day_key
from controller.rules.holiday_rule import HolidayRule
from controller.rules.shape import Strict, choice
from controller.rules.wording import nearest, shown, text

_WINDOWS = 'write windows such as ["09:00-12:30", "13:30-17:00"], or [] for closed'
_ITEMS = "write a list of at least one, or remove the key"


def parse_zone(value: object) -> ZoneInfo:
    """Read a name of the tz database, exactly as it is spelled there. Raises ValueError."""
    name = text(value)
    known = available_timezones()
    if name not in known:
        raise ValueError(f"{shown(name)} is not an IANA time zone, {nearest(name, known)}")
    return ZoneInfo(name)


def parse_exact(value: object) -> str:
    """Read an item that is compared as it is. Raises ValueError."""
    item = text(value)
    if "*" in item:
        raise ValueError(f"{shown(item)} holds a *, only names and except_names take patterns; write it out")
    return item


def parse_on_drift(value: object) -> OnDrift:
    """Read what to do about drift. Raises ValueError, for `repair` too: nothing repairs schedules yet."""
    found = choice(OnDrift)(value)
    if found is OnDrift.REPAIR:
        raise ValueError("repair is not available yet, write report or pause")
    return found


def parse_reason(value: object) -> str:
    """Read a sentence, which may be folded over several lines. Raises ValueError."""
    return text(" ".join(value.split()) if isinstance(value, str) else value)


Windows = Annotated[list[Annotated[Window, PlainValidator(parse_window)]], Field(description=_WINDOWS)]
_TextSchema = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
_ExactSchema = Annotated[str, Field(pattern=r"^[^\s*]([^*]*[^\s*])?$")]
Text = Annotated[str, PlainValidator(text, json_schema_input_type=_TextSchema)]
Texts = Annotated[list[Text], Field(min_length=1, description=_ITEMS)]
Exact = Annotated[
    list[Annotated[str, PlainValidator(parse_exact, json_schema_input_type=_ExactSchema)]],
    Field(min_length=1, description=_ITEMS),
]


class CalendarRule(Strict):
    """An entry of `calendars`."""

    timezone: Annotated[ZoneInfo, PlainValidator(parse_zone)] = Field(description="write one such as America/New_York")
    hours: dict[Annotated[DayKey, PlainValidator(parse_day_key)], Windows] = Field(
        default_factory=dict,
        description='write weekdays with their windows, such as mon-fri: ["09:00-17:00"]',
    )
    holidays: list[HolidayRule] = Field(
        default_factory=list,
        description="write a list such as [{country: US, subdivision: none}]",
    )
    dates: dict[Annotated[DateKey, PlainValidator(parse_date_key)], Windows] = Field(
        default_factory=dict,
        description='write dates with their windows, such as 2026-12-24: ["09:00-12:00"]',
    )


class SelectorRule(Strict):
    """A campaign's `match`."""

    workspaces: Exact = Field(default_factory=list, description=_ITEMS)
    names: Texts = Field(default_factory=list, description=_ITEMS)
    agents: Exact = Field(default_factory=list, description=_ITEMS)
    ids: Exact = Field(default_factory=list, description=_ITEMS)
    except_workspaces: Exact = Field(default_factory=list, description=_ITEMS)
    except_names: Texts = Field(default_factory=list, description=_ITEMS)
    except_agents: Exact = Field(default_factory=list, description=_ITEMS)
    except_ids: Exact = Field(default_factory=list, description=_ITEMS)

    def texts(self) -> dict[str, tuple[str, ...]]:
        """Give the items by key, each once, in their order."""
        return {key: tuple(dict.fromkeys(getattr(self, key))) for key in type(self).model_fields}


class CampaignSelectorRule(SelectorRule):
    """A campaign's `match`, which must say more than a workspace and exceptions."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not (self.names or self.agents or self.ids):
            raise ValueError("nothing says which jobs are meant, write names, agents or ids")
        return self


class IncidentSelectorRule(SelectorRule):
    """An incident's `match`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    campaigns: Exact = Field(default_factory=list, description=_ITEMS)
    except_campaigns: Exact = Field(default_factory=list, description=_ITEMS)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("it is empty, remove it so that every job of a campaign is covered, or write a key")
        return self


class CampaignRule(Strict):
    """An entry of `campaigns`."""

    match: CampaignSelectorRule = Field(description='write a selector such as {names: ["US *"]}')
    calendars: Texts = Field(description="write a list of at least one calendar's name")
    close_early: Annotated[int, PlainValidator(parse_duration)] = CLOSE_EARLY
    resume: Annotated[Resume, PlainValidator(choice(Resume))] = Resume.OWN
    start: bool = Field(default=False, description="write true or false")
    on_drift: Annotated[OnDrift, PlainValidator(parse_on_drift)] = OnDrift.REPORT


class IncidentRule(Strict):
    """An entry of `incidents`. `until` is None while its end is open."""

    reason: Annotated[str, PlainValidator(parse_reason)] = Field(description="write why, in a sentence")
    match: IncidentSelectorRule | None = Field(default=None, description="write a selector such as {names: [US *]}")
    since: Annotated[Instant, PlainValidator(parse_instant)] = Field(
        alias="from",
        description="write an instant such as 2026-11-23T14:05:00-05:00",
    )
    until: Annotated[Instant | None, PlainValidator(parse_instant)] = None

    @field_validator("until")
    @classmethod
    def _ends_after_it_begins(cls, until: Instant | None, info: ValidationInfo) -> Instant | None:
        since = info.data.get("since")
        if since is not None and until is not None and until <= since:
            raise ValueError("it is not after from, write a later instant or remove it")
        return until
