"""The shape of an entry of `webhooks`."""

import re
from typing import Annotated, Final, Self

from pydantic import Field, PlainValidator, model_validator

from controller.core.campaign import Selector
from controller.core.signals import Limits, Opening
from controller.rules.clock_text import parse_duration, parse_positive_duration
from controller.rules.schema import IncidentSelectorRule, Text, parse_reason
from controller.rules.shape import Strict
from controller.settings.keys import ApiKeySource
from controller.settings.texts import HOW_A_SECRET_IS_GIVEN, HOW_A_TOKEN_IS_GIVEN, parse_secret, parse_token
from controller.settings.values import WebhookKind, WebhookSettings

_WEBHOOK: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")


def parse_webhook(value: object) -> str:
    """Read a webhook's name, which is part of its path. Raises ValueError."""
    name = str(value)
    if not _WEBHOOK.fullmatch(name):
        raise ValueError("it is no webhook's name, write at most 63 letters, digits, dots, dashes and underscores")
    return name


class OpeningRule(Strict):
    """An entry of `opens`."""

    labels: dict[Text, Text] = Field(
        min_length=1,
        description='write the labels that must match, with globs, such as {alertname: CarrierDown, trunk: "3*"}',
    )
    match: IncidentSelectorRule | None = Field(default=None, description="write a selector such as {names: [US *]}")
    everything: bool = Field(default=False, description="write true or false")
    reason: Annotated[str | None, PlainValidator(parse_reason)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.everything and self.match is not None:
            raise ValueError("everything leaves nothing to match, remove one of both")
        return self

    def opening(self) -> Opening:
        """Give it as a value."""
        match = None if self.match is None else Selector(**self.match.texts())
        return Opening(self.labels, match, self.everything, self.reason)


class WebhookRule(Strict):
    """An entry of `webhooks`."""

    kind: WebhookKind = Field(description="write alertmanager or signed")
    token: Annotated[ApiKeySource | None, PlainValidator(parse_token)] = Field(
        default=None, description=HOW_A_TOKEN_IS_GIVEN
    )
    secret: Annotated[ApiKeySource | None, PlainValidator(parse_secret)] = Field(
        default=None, description=HOW_A_SECRET_IS_GIVEN
    )
    quiet: Annotated[int, PlainValidator(parse_duration)] = Field(
        description="write for how long an incident goes on after it is resolved, such as 5m, or 0s"
    )
    longest: Annotated[int, PlainValidator(parse_positive_duration)] = Field(
        description="write after how long one that never resolves ends, such as 4h"
    )
    opens: list[OpeningRule] = Field(
        min_length=1,
        description="write a list such as [{labels: {alertname: CarrierDown}, match: {campaigns: [NAME]}}]",
    )

    @model_validator(mode="after")
    def _proves_who_sends(self) -> Self:
        wanted, other = ("token", "secret") if self.kind == "alertmanager" else ("secret", "token")
        if getattr(self, other) is not None:
            raise ValueError(f"{self.kind} takes a {wanted} and no {other}, remove it")
        if getattr(self, wanted) is None:
            raise ValueError(f"{self.kind} needs a {wanted}, write {wanted}: {{credential: NAME}}")
        return self

    def settings(self, name: str) -> WebhookSettings:
        """Give it as a value."""
        secret = self.token or self.secret
        if secret is None:
            raise AssertionError("validated above")
        openings = tuple(each.opening() for each in self.opens)
        return WebhookSettings(name, self.kind, secret, Limits(self.quiet, self.longest), openings)
