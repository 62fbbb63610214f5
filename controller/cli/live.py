"""What the looking commands share: live jobs, stored claims, and the decision that the daemon would make."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.build import open_clients
from controller.cli.context import SEEN_KEYS
from controller.core.claim import Claim
from controller.core.job import JobKey
from controller.settings import Settings
from controller.store.store import StoreReader
from controller.vogent.dry_run import DryRunClient


@dataclass(frozen=True, slots=True)
class Live:
    """Clients that write nothing, and the claims as stored."""

    apis: Mapping[str, DryRunClient]
    claims: dict[JobKey, Claim]


@asynccontextmanager
async def open_live(settings: Settings) -> AsyncIterator[Live]:
    """Read beside a running daemon, or without any store."""
    reader = await StoreReader.open(settings.store)
    try:
        claims = await reader.open_claims() if reader else []
    finally:
        if reader:
            await reader.close()
    async with open_clients(settings, SEEN_KEYS) as clients:
        yield Live(
            {name: DryRunClient(client) for name, client in clients.items()}, {each.key: each for each in claims}
        )
