"""All checks of a place, in the order in which they are shown."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.clock import Clock
from controller.core.rulebook import Rulebook
from controller.doctor.asking import ask_workspaces
from controller.doctor.check import Check, warn
from controller.doctor.files import read_configuration, read_rules
from controller.doctor.matching import check_matching
from controller.doctor.permissions import check_folders, check_key_files, check_writers
from controller.doctor.ports import check_control, check_listen
from controller.doctor.running import look_for_daemon
from controller.doctor.store_place import check_lock, check_store
from controller.doctor.tokens import check_tokens
from controller.doctor.zone_data import check_zone_data
from controller.settings import Settings
from controller.store.sqlite import database_path

_UNSEEN = "not looked at"


@dataclass(frozen=True, slots=True)
class Place:
    """What could be found out without asking anybody. `readable`: configuration and rules are right."""

    clock: Clock
    settings: Settings | None
    rulebook: Rulebook | None
    checks: tuple[Check, ...]

    @property
    def readable(self) -> bool:
        """Whether a daemon would start by the files as they are."""
        return self.settings is not None and self.rulebook is not None


def examine_place(config: Path, clock_of: Callable[[Settings | None], Clock]) -> Place:
    """Look at the files, the machine, and where store and sockets are to be."""
    settings, configured = read_configuration(config)
    clock = clock_of(settings)
    files = read_rules(config, settings, clock)
    checks = [*configured, *files.checks, *check_zone_data(clock.now()), *check_writers(config, files.rules_folder)]
    if settings is None:
        missing = "keys, workspaces, clock, jobs, store and sockets: the configuration says where they are"
        checks.append(warn(_UNSEEN, "", missing, "mend the configuration, and run doctor again"))
    else:
        checks += _sites(settings)
    return Place(clock, settings, Rulebook(files.rules) if files.rules else None, tuple(checks))


async def examine_workspaces(place: Place, seen_keys: set[str]) -> list[Check]:
    """Ask each workspace for its jobs, and compare them with the rules. Keys that are read go into `seen_keys`."""
    if place.settings is None:
        return []
    answers = await ask_workspaces(place.settings, place.clock, seen_keys)
    checks = [check for answer in answers.values() for check in answer.checks]
    if place.rulebook is None:
        missing = "which jobs the campaigns match: the rules are wrong"
        return [*checks, warn(_UNSEEN, "", missing, "mend the rules, and run doctor again")]
    return [*checks, *check_matching(place.rulebook, {name: answer.jobs for name, answer in answers.items()})]


def _sites(settings: Settings) -> list[Check]:
    store = database_path(settings.store)
    daemon = look_for_daemon(store, settings.control)
    return [
        *check_key_files(settings),
        *check_tokens(settings),
        *check_folders(settings),
        *check_store(store, daemon.pid),
        check_lock(daemon),
        check_control(settings.control, daemon),
        check_listen(settings.listen, daemon),
    ]
