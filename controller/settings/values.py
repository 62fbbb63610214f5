"""The service's settings as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from controller.core.signals import Limits, Opening
from controller.settings.keys import ApiKeySource

LogFormat: TypeAlias = Literal["auto", "json", "console"]
WebhookKind: TypeAlias = Literal["alertmanager", "signed"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """How to reach one workspace. `base_url` ends without a slash; times are in seconds."""

    name: str
    base_url: str
    api_key: ApiKeySource
    max_concurrency: int
    request_timeout: int
    verify_within: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How logs are written."""

    format: LogFormat
    level: LogLevel


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Who may use the HTTP API on the listener. Without `read_token` reading is open, without `write_token` nothing is
    changed there. `hosts` are names by which it may be called, in lower case, beside loopback and the address itself.
    """

    read_token: ApiKeySource | None = None
    write_token: ApiKeySource | None = None
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A receiver of notices. `secret` is Alertmanager's bearer token, or what others sign with; the first entry of
    `opens` that fits decides.
    """

    name: str
    kind: WebhookKind
    secret: ApiKeySource
    limits: Limits
    opens: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The service. Paths are absolute, `store` is a SQLite URL with an absolute path, `resync` is in seconds; `listen`
    is None where nothing is to listen.
    """

    workspaces: Mapping[str, WorkspaceSettings]
    rules: Path
    resync: int
    store: str
    control: Path
    listen: tuple[str, int] | None
    log: LogSettings
    web: WebSettings = WebSettings()
    webhooks: Mapping[str, WebhookSettings] = field(default_factory=dict)
