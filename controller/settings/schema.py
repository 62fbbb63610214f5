"""The shape of the service's file: pydantic models whose fields already hold what the text means."""

from pathlib import Path
from typing import Annotated, cast

from pydantic import Field, PlainValidator

from controller.rules.clock_text import parse_positive_duration
from controller.rules.shape import Strict
from controller.settings.keys import ApiKeySource
from controller.settings.texts import (
    HOW_A_KEY_IS_GIVEN,
    HOW_A_TOKEN_IS_GIVEN,
    parse_api_key,
    parse_base_url,
    parse_host,
    parse_listen,
    parse_path,
    parse_socket,
    parse_store,
    parse_token,
    parse_workspace,
)
from controller.settings.values import LogFormat, LogLevel, LogSettings, Settings, WebSettings, WorkspaceSettings
from controller.settings.webhook_schema import WebhookRule, parse_webhook

_MAX_CONCURRENCY = 1000
Seconds = Annotated[int, PlainValidator(parse_positive_duration)]


class WorkspaceRule(Strict):
    """An entry of `workspaces`."""

    base_url: Annotated[str, PlainValidator(parse_base_url)] = Field(
        description="write one such as https://api.vogent.ai/api",
    )
    api_key: Annotated[ApiKeySource, PlainValidator(parse_api_key)] = Field(description=HOW_A_KEY_IS_GIVEN)
    max_concurrency: int = Field(
        default=100,
        ge=1,
        le=_MAX_CONCURRENCY,
        description=f"write a whole number from 1 to {_MAX_CONCURRENCY}",
    )
    request_timeout: Seconds = 10
    verify_within: Seconds = 15


class LogRule(Strict):
    """The `log` section."""

    format: LogFormat = Field(default="auto", description="write auto, json or console")
    level: LogLevel = Field(default="info", description="write debug, info, warning or error")


_Token = Annotated[ApiKeySource | None, PlainValidator(parse_token)]


class WebRule(Strict):
    """The `web` section."""

    read_token: _Token = Field(default=None, description=HOW_A_TOKEN_IS_GIVEN)
    write_token: _Token = Field(default=None, description=HOW_A_TOKEN_IS_GIVEN)
    hosts: list[Annotated[str, PlainValidator(parse_host)]] = Field(
        default_factory=list,
        min_length=1,
        description="write a list of names such as [dialer.example], or remove the key",
    )


class SettingsRule(Strict):
    """The whole file. The context is the folder from which relative paths count."""

    workspaces: dict[Annotated[str, PlainValidator(parse_workspace)], WorkspaceRule] = Field(
        min_length=1,
        description="write names with their base_url and api_key",
    )
    rules: Annotated[Path, PlainValidator(parse_path)] = Field(default=cast("Path", "rules"), validate_default=True)
    resync: Seconds = 30
    store: Annotated[str, PlainValidator(parse_store)] = Field(
        default="sqlite:///var/controller.db",
        validate_default=True,
    )
    control: Annotated[Path, PlainValidator(parse_socket)] = Field(
        default=cast("Path", "var/control.sock"),
        validate_default=True,
    )
    listen: Annotated[tuple[str, int] | None, PlainValidator(parse_listen)] = ("127.0.0.1", 8642)
    web: WebRule = Field(default=WebRule(), description="write a mapping such as {write_token: {credential: NAME}}")
    log: LogRule = Field(default=LogRule(), description="write a mapping such as {format: auto, level: info}")
    webhooks: dict[Annotated[str, PlainValidator(parse_webhook)], WebhookRule] = Field(
        default_factory=dict,
        description="write names with their kind, token or secret, quiet, longest and opens",
    )

    def settings(self) -> Settings:
        """Give the settings as values."""
        return Settings(
            workspaces={name: WorkspaceSettings(name=name, **dict(rule)) for name, rule in self.workspaces.items()},
            rules=self.rules,
            resync=self.resync,
            store=self.store,
            control=self.control,
            listen=self.listen,
            log=LogSettings(self.log.format, self.log.level),
            web=WebSettings(self.web.read_token, self.web.write_token, tuple(dict.fromkeys(self.web.hosts))),
            webhooks={name: rule.settings(name) for name, rule in self.webhooks.items()},
        )
