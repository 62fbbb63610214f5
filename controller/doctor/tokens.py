"""The tokens of the HTTP API and the secrets of webhooks: where they are kept, and whether they are any good."""

from collections.abc import Iterator

from controller.doctor.check import Check, fail, ok, warn
from controller.settings import ApiKeySource, KeyUnreadable, Settings
from controller.web.hosts import is_loopback
from controller.web.tokens import SHORTEST

_TOKEN = "token"  # noqa: S105 - the check's name


def check_tokens(settings: Settings) -> list[Check]:
    """Of the listener; none is read where nothing listens."""
    return [] if settings.listen is None else list(_checks(settings, settings.listen[0]))


def _checks(settings: Settings, host: str) -> Iterator[Check]:
    for source in (settings.web.read_token, settings.web.write_token):
        if source is not None:
            yield _token(source, source.what)
    for webhook in settings.webhooks.values():
        yield _token(webhook.secret, f"{webhook.secret.what} of webhook {webhook.name}")
    if settings.web.read_token is None and not is_loopback(host):
        right = "give web.read_token, or listen on loopback"
        yield warn(_TOKEN, "read token", f"whoever reaches {host} may look: there is none", right)


def _token(source: ApiKeySource, about: str) -> Check:
    try:
        length = len(source.read())
    except KeyUnreadable as error:
        return fail(_TOKEN, about, str(error), "write a long random token there, as `openssl rand -hex 32` does")
    if length < SHORTEST:
        right = f"use one of at least {SHORTEST} characters, as `openssl rand -hex 32` makes it"
        return fail(_TOKEN, about, f"it has only {length} characters, so it could be guessed", right)
    return ok(_TOKEN, about, "it can be read, and is long enough")
