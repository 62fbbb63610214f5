"""A stage whose health is measured, and a look at the numbers."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from controller.runtime.health import Health, Part
from controller.runtime.measures import Measures
from controller.runtime.report import Trigger
from controller.runtime.rules_keeper import RulesKeeper
from tests.runtime.stage import Stage

RULES = """\
calendars:
  floor: {timezone: UTC, hours: {mon-fri: ["09:00-17:00"]}, holidays: [{country: US, subdivision: none}]}
incidents:
  ended: {reason: r, from: 2026-11-20T00:00:00Z, until: 2026-11-21T00:00:00Z}
  short: {reason: r, from: 2026-11-23T00:00:00Z, until: 2026-11-24T00:00:00Z}
  first: {reason: r, from: 2026-11-22T00:00:00Z}
  second: {reason: r, from: 2026-11-23T12:00:00Z}
  coming: {reason: r, from: 2026-12-24T00:00:00Z}
"""


class Scene:
    """The rules of the files are those of `folder`, whatever the jobs of the stage obey."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.file = folder / "a.yaml"
        self.file.write_text(RULES)
        rules = RulesKeeper(folder, frozenset({"main"}), stage.clock, stage.ledger.record, lambda: None)
        part = Part(stage.reconciler, stage.watch)
        self.health = Health(stage.clock, 30.0, {"main": part}, stage.ledger, rules)
        self.crashes: dict[str, int] = {}
        self.registry = CollectorRegistry()
        self.registry.register(Measures(self.health, crashes=lambda: self.crashes))

    async def at(self, instant: float, trigger: Trigger = Trigger.RESYNC) -> None:
        """Run a pass at that instant, as the daemon does."""
        self.health.passed(await self.stage.settled_at(instant, trigger=trigger))

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"campaign_controller_{name}", labels)

    def of_main(self, name: str, **labels: str) -> float | None:
        return self.value(name, workspace="main", **labels)

    def not_zero(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of one family that are not 0, by its labels without the workspace."""
        [family] = [each for each in self.registry.collect() if each.name == f"campaign_controller_{name}"]
        return {
            tuple(value for label, value in sample.labels.items() if label != "workspace"): sample.value
            for sample in family.samples
            if sample.value
        }
