"""The API's documentation as OpenAPI 3.1, made from the table of endpoints and from the types that they use."""

import asyncio
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from controller import __version__
from controller.web.endpoint import JSON, Access, Endpoint, get
from controller.web.problems import PROBLEM, Problem
from controller.web.queries import Query

PATH = "/api/v1/openapi.json"

Json = dict[str, Any]

_REFERENCES = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_ALWAYS = (HTTPStatus.BAD_REQUEST, HTTPStatus.MISDIRECTED_REQUEST)
"""Who calls it by a wrong name is told so."""
_READ = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_CHANGE = (
    *_READ,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_OF_ACCESS = {Access.OPEN: (), Access.READ: _READ, Access.CHANGE: _CHANGE, Access.SIGNED: ()}


@dataclass(slots=True)
class Documentation:
    """The handler. `reading_needs_token`: so it is where this is served."""

    endpoints: Sequence[Endpoint]
    reading_needs_token: bool
    _made: Json | None = field(init=False, default=None)

    def endpoint(self) -> Endpoint:
        """Where it is served."""
        return get(PATH, self.openapi, dict[str, Any])

    async def openapi(self, _request: web.Request) -> web.Response:
        """The documentation that you read."""
        if self._made is None:
            endpoints = [*self.endpoints, self.endpoint()]
            self._made = await asyncio.to_thread(document, endpoints, reading_needs_token=self.reading_needs_token)
        return web.json_response(self._made)


def document(endpoints: Sequence[Endpoint], *, reading_needs_token: bool) -> Json:
    """The whole document."""
    answers = _Answers(endpoints)
    bodies = _bodies(endpoints)
    paths: Json = {}
    for each in endpoints:
        operation = _operation(each, answers, reading_needs_token=reading_needs_token)
        paths.setdefault(each.path, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Campaign controller",
            "version": __version__,
            "description": "Why each job is in its state, until when, and who put it there; and how to stop it.",
        },
        "paths": paths,
        "components": {
            "schemas": {**answers.schemas, **bodies},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Untitled(GenerateJsonSchema):
    """Names of fields say enough."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's own signature
        return False


class _Answers:
    """The schemas of all answers."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        types: dict[str, Any] = {str(each.answer): each.answer for each in endpoints if JSON in each.media}
        mode: JsonSchemaMode = "serialization"
        inputs = [(key, mode, TypeAdapter(type_)) for key, type_ in {**types, "problem": Problem}.items()]
        found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCES, schema_generator=_Untitled)
        self._of = {key: schema for (key, _mode), schema in found.items()}
        self.schemas: Json = definitions.get("$defs", {})

    def of(self, endpoint: Endpoint) -> Json:
        """What an endpoint answers in JSON."""
        return self._of[str(endpoint.answer)]

    @property
    def problem(self) -> Json:
        """What is answered where something is wrong."""
        return self._of["problem"]


def _bodies(endpoints: Sequence[Endpoint]) -> Json:
    models = [(each.body, "validation") for each in endpoints if each.body is not None]
    _, definitions = models_json_schema(models, ref_template=_REFERENCES, schema_generator=_Untitled)  # type: ignore[arg-type]  # the mode is a literal
    found: Json = definitions.get("$defs", {})
    return found


def _operation(endpoint: Endpoint, answers: _Answers, *, reading_needs_token: bool) -> Json:
    told = inspect.getdoc(endpoint.handler) or ""
    summary, _, more = told.partition("\n")
    operation: Json = {
        "operationId": endpoint.handler.__name__,
        "summary": summary,
        "parameters": _parameters(endpoint),
    }
    if more.strip():
        operation["description"] = told
    if endpoint.body is not None:
        schema = {"$ref": _REFERENCES.format(model=endpoint.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    secured = endpoint.access is Access.CHANGE or (endpoint.access is Access.READ and reading_needs_token)
    if secured:
        operation["security"] = [{"token": []}]
    operation["responses"] = {
        str(int(endpoint.status)): _answer(endpoint, answers),
        **_problems(endpoint, answers, secured=secured),
    }
    return operation


def _answer(endpoint: Endpoint, answers: _Answers) -> Json:
    content = {
        media: {"schema": answers.of(endpoint) if media == JSON else {"type": "string"}} for media in endpoint.media
    }
    return {"description": endpoint.status.phrase, "content": content}


def _problems(endpoint: Endpoint, answers: _Answers, *, secured: bool) -> Json:
    of_token = (HTTPStatus.UNAUTHORIZED,) if secured else ()
    statuses = sorted({*_ALWAYS, *_OF_ACCESS[endpoint.access], *of_token, *endpoint.problems})
    content = {PROBLEM: {"schema": answers.problem}}
    return {str(int(status)): {"description": status.phrase, "content": content} for status in statuses}


def _parameters(endpoint: Endpoint) -> list[Json]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    in_headers = [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in endpoint.headers
    ]
    return [*in_path, *in_headers, *([] if endpoint.query is None else _queried(endpoint.query))]


def _queried(query: type[Query]) -> list[Json]:
    schema = query.model_json_schema(ref_template=_REFERENCES, schema_generator=_Untitled)
    named = {field.alias or name: field for name, field in query.model_fields.items()}
    found, definitions = schema["properties"], schema.get("$defs", {})
    return [_in_query(name, found[name], named[name], definitions) for name in found]


def _in_query(name: str, schema: Json, known: FieldInfo, definitions: Json) -> Json:
    """A query holds no null: what may be left out is left out."""
    schema = dict(schema)
    described = schema.pop("description", None)
    options = [each for each in schema.pop("anyOf", [schema]) if each != {"type": "null"}]
    (wanted,) = options
    if "$ref" in wanted:
        wanted = {key: value for key, value in definitions[wanted["$ref"].rpartition("/")[2]].items() if key != "title"}
        wanted.pop("description", None)
    if known.default is not None:
        wanted = {**wanted, "default": known.default}
    parameter: Json = {"name": name, "in": "query", "required": known.is_required(), "schema": wanted}
    return parameter if described is None else {**parameter, "description": described}
