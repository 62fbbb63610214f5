"""The service's own file, `controller.yaml`: from text to typed settings, with every problem and its place.

No key and no token is read here: a key source knows where the key is and reads it when it is asked.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.rules.crosschecks import incident_problems
from controller.rules.document import Document
from controller.rules.entries import Named
from controller.rules.problem import Problem, RulesError
from controller.rules.shape import validated
from controller.rules.yaml_text import MAX_BYTES, parse_document
from controller.settings.keys import ApiKeySource, CredentialKey, EnvKey, FileKey, KeyUnreadable
from controller.settings.schema import SettingsRule
from controller.settings.texts import HOW_A_KEY_IS_GIVEN, HOW_A_SECRET_IS_GIVEN, HOW_A_TOKEN_IS_GIVEN
from controller.settings.values import LogSettings, Settings, WebhookSettings, WebSettings, WorkspaceSettings

__all__ = [
    "ApiKeySource",
    "CredentialKey",
    "EnvKey",
    "FileKey",
    "KeyUnreadable",
    "LogSettings",
    "Settings",
    "WebSettings",
    "WebhookSettings",
    "WorkspaceSettings",
    "campaign_problems",
    "load_settings",
]


def load_settings(path: Path) -> Settings:
    """Read the service's file; relative paths count from it. Raises RulesError with every problem."""
    document, problems = _read(path)
    if document is None:
        raise RulesError(problems)
    rule, wrong_values = validated(SettingsRule, document, (), document.plain(), path.absolute().parent)
    problems += [*wrong_values, *incident_problems(_openings(document), None, _workspaces(document))]
    if rule is None or problems:
        raise RulesError(map(_without_keys, problems))
    return rule.settings()


def campaign_problems(path: Path, campaigns: Collection[str]) -> list[Problem]:
    """The campaigns that the service's file names and the rules, whose campaigns are given, do not know."""
    document, _problems = _read(path)
    return [] if document is None else list(incident_problems(_openings(document), campaigns, None))


def _read(path: Path) -> tuple[Document | None, list[Problem]]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        wrong = f"the file cannot be read: {error.strerror}; write it or name another with --config"
        return None, [Problem(str(path), 0, 0, "", wrong)]
    return parse_document(str(path), data)


def _openings(document: Document) -> Iterator[Named[Any]]:
    """The entries by which webhooks open incidents, as they are written, right or wrong."""
    for name, webhook in _mapping(document.plain(), "webhooks").items():
        opens = webhook.get("opens") if isinstance(webhook, dict) else None
        for index, raw in enumerate(opens if isinstance(opens, list) else ()):
            yield Named(name, document, ("webhooks", name, "opens", index), raw, None)


def _workspaces(document: Document) -> Collection[str] | None:
    """Their names; None where none is written."""
    return _mapping(document.plain(), "workspaces").keys() or None


def _mapping(plain: object, key: str) -> dict[str, Any]:
    found = plain.get(key) if isinstance(plain, dict) else None
    return found if isinstance(found, dict) else {}


_SECRETS = {
    "api_key": HOW_A_KEY_IS_GIVEN,
    "read_token": HOW_A_TOKEN_IS_GIVEN,
    "write_token": HOW_A_TOKEN_IS_GIVEN,
    "token": HOW_A_TOKEN_IS_GIVEN,
    "secret": HOW_A_SECRET_IS_GIVEN,
}


def _without_keys(problem: Problem) -> Problem:
    """Keep from showing what stands under a key's name: somebody may have put the key itself there."""
    for name, right in _SECRETS.items():
        above, found, _ = problem.key_path.partition(f".{name}.")
        if found:
            return replace(problem, key_path=f"{above}.{name}", message=right)
    return problem
