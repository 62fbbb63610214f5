"""What a page says after a form was sent. Only words of ours, so that no link can put others into the page."""

from typing import Literal

from aiohttp import web

from controller.page.frame import redirect
from controller.web.queries import Query

Done = Literal["opened", "closed", "held", "released", "unheld"]

WORDS: dict[Done, str] = {
    "opened": "The incident is open: what it covers is being paused.",
    "closed": "The incident is closed: what it had paused, and what may dial now, is being resumed.",
    "held": "The job is on hold: it is being paused, and stays so.",
    "released": "No hold is on the job any more.",
    "unheld": "Nothing was changed: no hold was on the job.",
}


class ToldQuery(Query):
    """What was done, if anything was; `stored` is said where the store could not be written."""

    done: Done | None = None
    stored: Literal["no"] | None = None

    @property
    def words(self) -> str:
        """The sentence; none where nothing was done."""
        return "" if self.done is None else WORDS[self.done]


def tell(path: str, done: Done, *, stored: bool) -> web.Response:
    """Go there, and say so."""
    return redirect(f"{path}?done={done}" + ("" if stored else "&stored=no"))
