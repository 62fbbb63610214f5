"""Certificates: only a valid one of a trusted authority, for the right name, at the right time, lets the key out."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controller.vogent.client import VogentClient
from controller.vogent.errors import ErrorReason, Unavailable
from tests.vogent.certificates import EXPIRED, NOT_YET, VALID, certificate

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]


async def test_a_valid_certificate_of_a_trusted_authority_is_taken(
    authority: Path,
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    server = await serve(lambda _: job_json(), ssl=certificate(authority, "good", "IP:127.0.0.1", VALID))
    assert (await (await connect(server.url)).get_job("job-1")).id == "job-1"


@pytest.mark.parametrize(
    ("name", "host", "valid", "trusted"),
    [
        ("expired", "IP:127.0.0.1", EXPIRED, True),
        ("early", "IP:127.0.0.1", NOT_YET, True),
        ("other", "DNS:api.example.test", VALID, True),
        ("unknown", "IP:127.0.0.1", VALID, False),
    ],
)
async def test_any_other_certificate_is_refused_before_the_key_is_sent(
    authority: Path,
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    host: str,
    valid: tuple[str, str],
    trusted: bool,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    server = await serve(lambda _: job_json(), ssl=certificate(authority, name, host, valid))
    with pytest.raises(Unavailable, match="certificate is not valid") as caught:
        await (await connect(server.url)).unpause("job-1")
    assert caught.value.reason is ErrorReason.CONNECTION
    assert not caught.value.outcome_unknown
    assert server.seen == []


async def test_a_server_that_speaks_no_tls_gets_no_key(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda _: {})
    with pytest.raises(Unavailable, match="takes no connection"):
        await (await connect(server.url.replace("http://", "https://"))).get_job("job-1")
    assert server.seen == []
