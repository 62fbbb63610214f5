"""The rules in force, and what is wrong with newer files, if anything is."""

from dataclasses import dataclass

from aiohttp import web
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.core.instant_text import rfc3339
from controller.runtime.view import View
from controller.web.endpoint import Endpoint, get


class RulesRecord(TypedDict):
    """The rules in force: the hash of what they mean, since when this daemon has them in force, the versions of the
    data that they were read with, and what they define. `problems` are those of newer files, which were rejected.
    """

    revision: str
    since: str
    tzdata: str
    holidays: str
    files: list[str]
    calendars: list[str]
    campaigns: list[str]
    incidents: list[str]
    rejected: bool
    problems: list[str]


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The handler."""

    view: View

    def endpoints(self) -> list[Endpoint]:
        """Where it is served."""
        return [get("/api/v1/rules", self.rules, RulesRecord)]

    async def rules(self, _request: web.Request) -> web.Response:
        """The revision in force, since when, and the problems of newer files that were rejected."""
        return web.json_response(rules_record(self.view))


def rules_record(view: View) -> RulesRecord:
    """The rules in force, and what is wrong with newer files."""
    keeper, rules = view.rules, view.book.rules
    return {
        "revision": rules.revision,
        "since": rfc3339(keeper.in_force.since),
        "tzdata": keeper.in_force.tzdata_version,
        "holidays": keeper.in_force.holidays_version,
        "files": list(rules.sources),
        "calendars": list(rules.calendars),
        "campaigns": [each.name for each in rules.campaigns],
        "incidents": [each.name for each in rules.incidents],
        "rejected": keeper.rejected,
        "problems": list(keeper.problems),
    }
