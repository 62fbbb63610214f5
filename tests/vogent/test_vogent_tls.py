"""Certificates: only a valid one of a trusted authority, for the right name, at the right time, lets the key out."""

import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controller.vogent.client import VogentClient
from controller.vogent.errors import ErrorReason, Unavailable

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]

CA_CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
x509_extensions = leaf
policy = any
copy_extensions = copy
[any]
commonName = supplied
[leaf]
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""

VALID = ("20200101000000Z", "20991231000000Z")
EXPIRED = ("20200101000000Z", "20210101000000Z")
NOT_YET = ("20980101000000Z", "20991231000000Z")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate authority of our own, with the openssl command line."""
    if shutil.which("openssl") is None:
        pytest.fail("these tests make certificates with the openssl command; install it")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(CA_CONFIG.format(folder=folder))
    openssl(
        folder,
        "req",
        "-x509",
        *new_key("ca"),
        "-subj",
        "/CN=Own authority",
        *CA_USAGE,
        "-days",
        "30000",
        "-out",
        "ca.pem",
    )
    return folder


# Python 3.13 takes nothing less.
CA_USAGE = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")


def new_key(name: str) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key")


def openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"openssl {arguments[0]} failed: {done.stderr}")


def certificate(authority: Path, name: str, host: str, valid: tuple[str, str]) -> ssl.SSLContext:
    """Let a server's context show a certificate that the authority signed."""
    extension = ("-addext", f"subjectAltName={host}")
    openssl(authority, "req", "-new", *new_key(name), "-subj", f"/CN={name}", *extension, "-out", f"{name}.csr")
    dates = ("-startdate", valid[0], "-enddate", valid[1])
    ends = ("-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key")
    openssl(authority, "ca", *ends, *dates, "-in", f"{name}.csr", "-out", f"{name}.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
    return context


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
