"""What the looking commands share: live jobs, stored claims, and the decision that the daemon would make."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.build import open_clients
from controller.cli.context import SEEN_KEYS
from controller.core.claim import Claim
from controller.core.controls import Controls
from controller.core.job import JobKey
from controller.settings import Settings
from controller.store.reader import StoreReader
from controller.store.records import Kept
from controller.vogent.dry_run import DryRunClient


@dataclass(frozen=True, slots=True)
class Live:
    """Clients that write nothing, and what is stored: open claims, incidents and holds."""

    apis: Mapping[str, DryRunClient]
    kept: Kept

    @property
    def claims(self) -> dict[JobKey, Claim]:
        """The open claims."""
        return {claim.key: claim for claim in self.kept.claims}

    @property
    def controls(self) -> Controls:
        """The open incidents and holds."""
        return Controls.of((each for each in self.kept.incidents if each.closed is None), self.kept.holds)


@asynccontextmanager
async def open_live(settings: Settings) -> AsyncIterator[Live]:
    """Read beside a running daemon, or without any store."""
    reader = await StoreReader.open(settings.store)
    try:
        kept = await reader.kept() if reader else Kept()
    finally:
        if reader:
            await reader.close()
    async with open_clients(settings, SEEN_KEYS) as clients:
        yield Live({name: DryRunClient(client) for name, client in clients.items()}, kept)
