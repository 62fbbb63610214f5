"""Stylesheet and scripts: read once, named by their content, so that browsers keep them until they change."""

import hashlib
from http import HTTPStatus
from importlib.resources import files

from aiohttp import hdrs, web

from controller.web.endpoint import Access, Endpoint
from controller.web.problems import ProblemError

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """All that lies in `static`, but for licences."""

    def __init__(self) -> None:
        folder = files("controller.page") / "static"
        named = ((each.name, each) for each in folder.iterdir())
        self._files = {name: each.read_bytes() for name, each in named if _type(name) is not None}
        self._versions = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in self._files.items()}

    def url(self, name: str) -> str:
        """Where it is served. Raises KeyError for a file that there is not."""
        return f"/static/{self._versions[name]}/{name}"

    def endpoint(self) -> Endpoint:
        """Where all are served."""
        return Endpoint("GET", "/static/{version}/{name}", self.file, bytes, access=Access.OPEN)

    async def file(self, request: web.Request) -> web.Response:
        """One of them. Another version than ours is not kept by the browser."""
        name = request.match_info["name"]
        data, content_type = self._files.get(name), _type(name)
        if data is None or content_type is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such file")
        kept = request.match_info["version"] == self._versions[name]
        headers = {hdrs.CACHE_CONTROL: FOR_EVER if kept else "no-store"}
        return web.Response(body=data, content_type=content_type, charset="utf-8", headers=headers)


def _type(name: str) -> str | None:
    return next((content_type for suffix, content_type in _TYPES.items() if name.endswith(suffix)), None)
