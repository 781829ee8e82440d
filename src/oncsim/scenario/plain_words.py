"""Putting the findings of pydantic into plain sentences, each at the line and column it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.scalars import flag_hint, found, number_hint
from oncsim.parameters.strict_yaml import Document, Route, dotted
from oncsim.scenario.states import unknown_state

_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def validated(
    adapter: TypeAdapter[Any], data: object, document: Document, route: Route, shape: Any
) -> tuple[Any, list[Fault]]:
    """Check one section; return the object, or None and its faults.

    Parameters
    ----------
    adapter : TypeAdapter
        What the section must be.
    data : object
        The section as read.
    document, route
        Where it stands.
    shape : type
        The same as a type, to name the allowed keys.
    """
    try:
        return adapter.validate_python(data, strict=True), []
    except ValidationError as problem:
        return None, [_fault(error, data, document, route, shape) for error in problem.errors(include_url=False)]


def _fault(error: Any, data: object, document: Document, route: Route, shape: Any) -> Fault:
    below = _below(error["loc"], data)
    kind = error["type"]
    place = (*route, *below)
    if kind == "missing":
        line, column = document.position(place[:-1])
        known = _describe(shape, (*below[:-1],), str(below[-1]), data)
        return Fault(document.file, line, column, dotted(place), f"missing key{known}")
    if kind == "extra_forbidden":
        return document.fault(place, _unknown_key(str(below[-1]), _keys(shape, below[:-1], data)), of_key=True)
    if kind.startswith("union_tag"):
        return _tag_fault(error, document, place)
    return document.fault(place, say(error))


def _below(loc: Iterable[str | int], data: object) -> Route:
    # The choice made by `source:` is part of pydantic's place but is no key of the file.
    route: list[str | int] = []
    here = data
    for part in loc:
        if isinstance(here, dict) and part not in here and part == here.get("source"):
            continue
        route.append(part)
        try:
            here = here[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            here = None
    return tuple(route)


def say(error: Any) -> str:
    """Return one pydantic finding as a sentence of ours."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in _EXPECTED:
        return f"found {found(value)} (expected {_EXPECTED[kind]})"
    if kind in ("int_type", "int_from_float"):
        return f"found {found(value)} (expected a whole number{number_hint(value)})"
    if kind in ("float_type", "finite_number"):
        return f"found {found(value)} (expected a number{number_hint(value)})"
    if kind == "bool_type":
        return f"found {found(value)} (expected true or false{flag_hint(value)})"
    if kind == "literal_error":
        return _choice(value, context["expected"])
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bound = {
            "greater_than_equal": f"at least {context.get('ge', 0):g}",
            "less_than_equal": f"at most {context.get('le', 0):g}",
            "greater_than": f"above {context.get('gt', 0):g}",
            "less_than": f"below {context.get('lt', 0):g}",
        }[kind]
        return f"found {found(value)} (must be {bound})"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind == "string_pattern_mismatch":
        return _pattern(value, context["pattern"])
    return f"{error['msg']} (found {found(value)})"


def _choice(value: object, expected: str) -> str:
    words = [word.strip(" '") for part in expected.split(" or ") for word in part.split(",")]
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    allowed = words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    return f"found {found(value)} (expected {allowed}{near})"


def _pattern(value: object, pattern: str) -> str:
    if pattern == r"^[A-Z]{2}$":
        return unknown_state(str(value)) or ""
    if pattern.startswith("^[a-z0-9]"):
        return f"{value!r} is not an id (small letters, digits, _ and -, at most 80 of them)"
    return f"{value!r} does not have the form {pattern}"


def _tag_fault(error: Any, document: Document, place: Route) -> Fault:
    words = ["embedded", "files", "archetype", "composed"]
    if error["type"] == "union_tag_not_found":
        line, column = document.position(place)
        message = f"missing key (one of {', '.join(words)})"
        return Fault(document.file, line, column, dotted((*place, "source")), message)
    value = error["ctx"]["tag"]
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    return document.fault((*place, "source"), f"found {found(value)} (expected one of {', '.join(words)}{near})")


def _unknown_key(key: str, known: list[str]) -> str:
    return f"unknown key (allowed: {', '.join(known)}{did_you_mean(key, known)})"


def _models(shape: Any) -> list[type[BaseModel]]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return [shape]
    if get_origin(shape) is None and not get_args(shape):
        return []
    return [model for part in get_args(shape) for model in _models(part)]


def _model_at(shape: Any, below: Route, data: object) -> type[BaseModel] | None:
    models = _models(shape)
    if len(models) > 1 and isinstance(data, dict):
        models = [m for m in models if data.get("source") in get_args(m.model_fields["source"].annotation)]
    model = models[0] if models else None
    named = False  # the next key is a name of the user's, as in a mapping of variants
    for i, part in enumerate(below):
        if model is None or isinstance(part, int):
            continue
        if named:
            named = False
            continue
        field = _field(model, part)
        named = field is not None and any(get_origin(part) is dict for part in get_args(field.annotation))
        inner = data
        for step in below[: i + 1]:
            inner = inner[step] if isinstance(inner, dict | list) else None  # type: ignore[index]
        model = _model_at(field.annotation, (), inner) if field else None
    return model


def _field(model: type[BaseModel], key: str | int) -> Any:
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            return field
    return None


def key_names(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model as they are written in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _keys(shape: Any, below: Route, data: object) -> list[str]:
    model = _model_at(shape, below, data)
    return key_names(model) if model else []


def _describe(shape: Any, below: Route, key: str, data: object) -> str:
    model = _model_at(shape, below, data)
    field = _field(model, key) if model else None
    if field is None:
        return ""
    words = [word for word in get_args(field.annotation) if isinstance(word, str)]
    about = field.description or (f"one of {', '.join(words)}" if words else "")
    return f" ({about})" if about else ""
