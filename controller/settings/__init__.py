"""The service's own file, `controller.yaml`: from text to typed settings, with every problem and its place.

No key and no token is read here: a key source knows where the key is and reads it when it is asked.
"""

from dataclasses import replace
from pathlib import Path

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
    "load_settings",
]


def load_settings(path: Path) -> Settings:
    """Read the service's file; relative paths count from it. Raises RulesError with every problem."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        wrong = f"the file cannot be read: {error.strerror}; write it or name another with --config"
        raise RulesError([Problem(str(path), 0, 0, "", wrong)]) from None
    document, problems = parse_document(str(path), data)
    if document is None:
        raise RulesError(problems)
    rule, wrong_values = validated(SettingsRule, document, (), document.plain(), path.absolute().parent)
    if rule is None or problems:
        raise RulesError(map(_without_keys, [*problems, *wrong_values]))
    return rule.settings()


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
