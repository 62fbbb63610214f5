"""How often somebody may ask: token buckets, for one and for many of which only the last few are remembered."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address

from aiohttp import web

from controller.web.problems import ProblemError

REMEMBERED = 1024
"""Addresses; whoever comes again after so many others begins anew."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` requests at once, and `each_second` for ever."""

    each_second: float
    burst: int


class Bucket:
    """Holds up to `burst` requests; it is full at first. `time` gives real seconds."""

    def __init__(self, rate: Rate, time: Callable[[], float]) -> None:
        self._rate = rate
        self._time = time
        self._left = float(rate.burst)
        self._at = time()

    def take(self) -> float:
        """Take one; gives 0, or the seconds until there is one again."""
        now = self._time()
        self._left = min(self._rate.burst, self._left + (now - self._at) * self._rate.each_second)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._rate.each_second
        self._left -= 1
        return 0.0


class Buckets:
    """One for each address."""

    def __init__(self, rate: Rate, time: Callable[[], float]) -> None:
        self._rate = rate
        self._time = time
        self._known: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> float:
        """As a bucket's own."""
        bucket = self._known.pop(address, None) or Bucket(self._rate, self._time)
        self._known[address] = bucket
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return bucket.take()


def refuse_after(seconds: float, what: str) -> None:
    """Raise ProblemError where somebody has to wait."""
    if seconds > 0:
        whole = math.ceil(seconds)
        told = f"too many {what}; wait {whole} s"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, told, {"Retry-After": str(whole)})


def client_of(request: web.Request) -> str:
    """The address that a request came from; of IPv6 the network, since a client has a whole one."""
    try:
        address = ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
