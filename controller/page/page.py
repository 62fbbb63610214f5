"""The page as a whole: where each part is served, and who may use it."""

from aiohttp import web

from controller.page.coming import Coming, ComingQuery
from controller.page.errors import problems_as_pages
from controller.page.frame import Frame
from controller.page.job import JobPage
from controller.page.now import Now, NowQuery
from controller.page.showing import Showing
from controller.page.sign_in import SignIn, SignInQuery
from controller.page.static_files import StaticFiles
from controller.page.stop import Stop
from controller.page.told import ToldQuery
from controller.page.visit import Guests
from controller.web.endpoint import Access, Endpoint, Handler
from controller.web.plug import Surroundings
from controller.web.queries import Query


class Page:
    """Plugs into the listener's application."""

    def __init__(self, around: Surroundings) -> None:
        self._files = StaticFiles()
        self._frame = Frame(around, self._files)
        self._guests = Guests(around)
        self._around = around
        self.middleware = problems_as_pages(self._guests, self._frame)

    def set_up(self, app: web.Application) -> None:
        """Have the templates ready."""
        self._frame.set_up(app)

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        view, history, frame, guests = self._around.view, self._around.history, self._frame, self._guests
        showing = Showing(view, history, frame)
        job = JobPage(view, self._around.operations, history, frame)
        stop = Stop(view, self._around.operations, frame)
        sign_in = SignIn(self._around, frame)
        return [
            _get("/", guests.looking(Now(view, frame).now), NowQuery),
            _get("/coming", guests.looking(Coming(view, frame).coming), ComingQuery),
            _get("/jobs/{workspace}/{id}", guests.looking(job.job), ToldQuery),
            _post("/jobs/{workspace}/{id}/hold", guests.changing(job.hold)),
            _get("/jobs/{workspace}/{id}/release", guests.looking(job.ask_release)),
            _post("/jobs/{workspace}/{id}/release", guests.changing(job.release)),
            _get("/stop", guests.looking(stop.ask), ToldQuery),
            _post("/stop", guests.changing(stop.stop)),
            _get("/stop/{name}/close", guests.looking(stop.ask_close)),
            _post("/stop/{name}/close", guests.changing(stop.close)),
            _get("/findings", guests.looking(showing.findings)),
            _get("/events", guests.looking(showing.events)),
            _get("/rules", guests.looking(showing.rules)),
            _get("/signin", guests.anybody(sign_in.ask), SignInQuery),
            _post("/signin", guests.anybody(sign_in.sign_in)),
            _post("/signout", guests.signed_in(sign_in.sign_out)),
            self._files.endpoint(),
        ]


def _get(path: str, handler: Handler, query: type[Query] | None = None) -> Endpoint:
    return Endpoint("GET", path, handler, str, access=Access.PAGE, query=query, media=("text/html",))


def _post(path: str, handler: Handler) -> Endpoint:
    return Endpoint("POST", path, handler, str, access=Access.PAGE, media=("text/html",))
