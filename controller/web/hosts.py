"""By which names the listener may be called.

A page of anybody's can have its own name point to our address (DNS rebinding), and its requests then come from a
browser that is inside. They bear that name in their Host header: what is not ours is refused.
"""

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from controller.web.problems import ProblemError


class Hosts:
    """`address` is what is listened on, `names` are further ones from the settings, in lower case."""

    def __init__(self, address: str, names: Collection[str]) -> None:
        self._ours = {"localhost", address.lower(), *names} - {"0.0.0.0", "::"}  # noqa: S104 - never a name of ours
        self._names = frozenset(names)

    def check(self, request: web.Request, *, any_address: bool) -> None:
        """Refuse a request that is not meant for us. `any_address` lets each address through, and who names none: no
        page can have that for its name, and probes come by whatever leads here. Raises ProblemError.
        """
        given = request.headers.getall(hdrs.HOST, [])
        if any_address and not given:
            return
        name = _name_of(given[0]) if len(given) == 1 else None
        if name is None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the request must have one Host header, such as localhost:8642")
        if not self._is_ours(name, _local_address(request), any_address=any_address):
            told = "it is not called by this name here; web.hosts in controller.yaml lists those that are allowed"
            raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, told)

    def check_origin(self, request: web.Request) -> None:
        """Refuse a change that a page of another origin makes a browser send. Raises ProblemError."""
        site = request.headers.get("Sec-Fetch-Site", "none").lower()
        origin = request.headers.get(hdrs.ORIGIN)
        if site not in ("none", "same-origin") or (origin is not None and not self._is_same(origin, request)):
            raise ProblemError(HTTPStatus.FORBIDDEN, "changes are not taken from pages of other origins")

    def check_form(self, request: web.Request) -> None:
        """The same of a form, which only browsers send: they always say from where. Raises ProblemError."""
        if hdrs.ORIGIN not in request.headers:
            raise ProblemError(HTTPStatus.FORBIDDEN, "a form is taken from its own page only, and must say so (Origin)")
        self.check_origin(request)

    def _is_ours(self, name: str, local: str | None, *, any_address: bool) -> bool:
        if name in self._ours:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return any_address or address.is_loopback or str(address) == local

    def _is_same(self, origin: str, request: web.Request) -> bool:
        """A proxy in front may have changed the Host: the names that are allowed are ours in any case."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return parts.netloc.lower() == request.headers[hdrs.HOST].lower() or parts.hostname in self._names


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(authority: str) -> str | None:
    """The host without its port, in lower case; None where there is none."""
    try:
        parts = urlsplit(f"//{authority}")
        name, _port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.netloc != authority or parts.username is not None:
        return None
    return name.removesuffix(".")


def _local_address(request: web.Request) -> str | None:
    """The address at which the request arrived."""
    transport = request.transport
    found = transport.get_extra_info("sockname") if transport is not None else None
    if not isinstance(found, tuple):
        return None
    address = ip_address(str(found[0]).partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
