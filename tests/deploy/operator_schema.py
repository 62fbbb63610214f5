"""What of the Prometheus Operator's kinds is used here, as its definitions (0.82 to 0.84) have it: no library that can
be pinned brings them. A field that is not listed is refused, though the operator may know it: look there, then list it.
"""

from typing import Any

from jsonschema import Draft202012Validator

_DURATION = {
    "type": "string",
    "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
}
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


def _kind(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = _object(["name"], name=_TEXT, labels=_TEXTS)
    version = {"const": "monitoring.coreos.com/v1"}
    return _object(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion=version, kind={"const": kind}, metadata=metadata, spec=spec,
    )  # fmt: skip


_ENDPOINT = _object(
    ["port"],  # the operator demands this or `targetPort`
    port=_TEXT,
    path=_TEXT,
    interval=_DURATION,
    authorization=_object(["credentials"], credentials=_object(["name", "key"], name=_TEXT, key=_TEXT)),
)
_RULE = _object(
    ["expr", "alert"],
    **{"alert": _TEXT, "expr": _TEXT, "for": _DURATION, "labels": _TEXTS, "annotations": _TEXTS},
)
SCHEMAS = {
    "ServiceMonitor": _kind(
        "ServiceMonitor",
        _object(
            ["endpoints", "selector"],
            endpoints=_list(_ENDPOINT),
            selector=_object(["matchLabels"], matchLabels=_TEXTS),
        ),
    ),
    "PrometheusRule": _kind(
        "PrometheusRule",
        _object(["groups"], groups=_list(_object(["name", "rules"], name=_TEXT, rules=_list(_RULE)))),
    ),
}


def check(manifest: dict[str, Any]) -> None:
    """Raise jsonschema's ValidationError for a manifest of the operator's that is not as it should be."""
    Draft202012Validator(SCHEMAS[manifest["kind"]]).validate(manifest)
