"""Certificates of an authority of our own, made with the openssl command line."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

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


def make_authority(folder: Path) -> Path:
    """Make a certificate authority in an empty folder."""
    if shutil.which("openssl") is None:
        pytest.fail("these tests make certificates with the openssl command; install it")
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
