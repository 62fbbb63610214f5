"""What is around each page: the templates, the headers, and what every page says of the daemon and of the visitor."""

import asyncio
import re
from functools import cache
from http import HTTPStatus
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web
from markupsafe import Markup, escape

from controller.page.moments import Moments
from controller.page.paths import close_path, coming_path, job_path, path_of
from controller.page.static_files import StaticFiles
from controller.page.visit import Visit
from controller.shown.audit_words import event_title, why_text, why_title
from controller.shown.freshness import freshness
from controller.shown.lines import JobState
from controller.web.plug import Surroundings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # With no-referrer browsers would not say from which origin a form comes.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    hdrs.VARY: "Cookie",
}
PIECES = 100
"""After so many pieces of a page everybody else gets a turn: a pause must not wait for who only looks."""

MARKS = {
    JobState.DIALING: "▶",
    JobState.RULES: "■",
    JobState.INCIDENT: "▲",
    JobState.PERSON: "◆",
    JobState.NOT_STARTED: "○",
    JobState.FINISHED: "✓",
    JobState.UNKNOWN: "?",
}
"""Beside the colour of each state, which not everybody sees."""
NAVIGATION = (
    ("/", "Now"),
    ("/coming", "Coming days"),
    ("/stop", "Stop"),
    ("/findings", "Findings"),
    ("/events", "Events"),
    ("/rules", "Rules"),
)

_CODE = re.compile("`([^`]*)`")


class Frame:
    """Renders pages."""

    def __init__(self, around: Surroundings, files: StaticFiles) -> None:
        self._around = around
        self._files = files
        self._app: web.Application | None = None

    def set_up(self, app: web.Application) -> None:
        """Have the templates ready."""
        self._app = app
        environment = aiohttp_jinja2.setup(
            app,
            loader=jinja2.PackageLoader("controller.page"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals["static"] = self._files.url
        environment.globals["navigation"] = NAVIGATION
        environment.globals.update(marks=MARKS, job_path=job_path, path_of=path_of, close_path=close_path)
        environment.globals["coming_path"] = coming_path
        environment.globals.update(event_title=event_title, why_title=why_title, why_text=why_text, cached=cache)
        environment.filters["marked"] = _marked
        for name in environment.list_templates():
            environment.get_template(name)  # compiled now, not while somebody waits

    async def show(
        self,
        visit: Visit,
        template: str,
        status: HTTPStatus = HTTPStatus.OK,
        **context: Any,  # noqa: ANN401 - what the template asks for
    ) -> web.Response:
        """The page; the template's name is also that of its place in the navigation."""
        if self._app is None:
            raise RuntimeError("the templates are not set up yet: set_up() comes first")
        found = aiohttp_jinja2.get_env(self._app).get_template(template)
        pieces = []
        for number, piece in enumerate(found.generate({**self._common(visit), **context})):
            pieces.append(piece)
            if number % PIECES == PIECES - 1:
                await asyncio.sleep(0)
        return web.Response(text="".join(pieces), status=status, content_type="text/html", headers=HEADERS)

    def _common(self, visit: Visit) -> dict[str, Any]:
        view, around = self._around.view, self._around
        return {
            "here": str(visit.request.rel_url),
            "path": visit.request.rel_url.raw_path,
            "who": None if visit.session is None else visit.session.name,
            "form_key": None if visit.session is None else visit.session.form_key,
            "may_change": visit.may_change,
            "can_change_here": around.write is not None,
            "must_sign_in": around.read is not None and visit.session is None,
            "moments": Moments(view.now()),
            "resync": view.health.resync,
            "degraded": view.health.degraded(),
            "freshness": freshness(view),
        }


def _marked(text: str) -> Markup:
    """What stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def redirect(to: str) -> web.Response:
    """Go there, and ask with GET."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={**HEADERS, hdrs.LOCATION: to})
