"""The JSON Schema of a scenario file, with the names of parameters and actions, for editors."""

from __future__ import annotations

from typing import Any

from oncsim.actions.catalogue import ACTIONS, ALIASES, SELECTORS, Action, Argument
from oncsim.parameters.distribution import FORMS
from oncsim.parameters.leaf import Leaf
from oncsim.parameters.registry import Registry
from oncsim.scenario.shape import ScenarioFile
from oncsim.scenario.where import groups_above, where_schema

_PRIMITIVES = {"number": "number", "integer": "integer", "flag": "boolean", "text": "string"}


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "oncsim scenario"
    leaves = registry.leaves.values()
    law = [path for leaf in leaves if leaf.kind == "law" for path in _paths(leaf)]
    entry = schema["$defs"]["PolicyEntry"]["properties"]
    served = [leaf for leaf in leaves if leaf.kind == "law" and leaf.service]
    groups = dict.fromkeys(name for leaf in served for name in groups_above(leaf.name))
    entry["set"] = {"description": entry["set"].get("description", ""), "enum": [*law, *groups]}
    entry["where"] = {"description": entry["where"]["description"], **where_schema()}
    schema["$defs"].pop("Where", None)
    properties = schema["properties"]
    variant = schema["$defs"]["Variant"]["properties"]
    for section in ("economy", "behaviour"):
        told = variant[section]["description"]
        variant[section] = {"$ref": f"#/properties/{section}", "description": told}
        properties[section] = {
            "type": "object",
            "description": properties[section]["description"],
            "additionalProperties": False,
            "properties": {path: _value(leaf) for leaf in leaves if leaf.kind == section for path in _paths(leaf)},
        }
    properties["events"] = {
        "type": "array",
        "description": properties["events"]["description"],
        "items": {"oneOf": [_event(action) for action in ACTIONS.values()]},
    }
    variant["events"] = {"$ref": "#/properties/events", "description": variant["events"]["description"]}
    properties["registry"] = {"type": "object", "description": properties["registry"]["description"]}
    return schema


def _paths(leaf: Leaf) -> list[str]:
    paths = [leaf.name]
    for depth in range(1, len(leaf.axes) + 1):
        paths += dict.fromkeys(".".join((leaf.name, *element[:depth])) for element in leaf.elements)
    return paths


def _value(leaf: Leaf) -> dict[str, Any]:
    about = {"title": leaf.title, "description": f"{leaf.description} Unit: {leaf.unit}."}
    if leaf.type == "choice":
        return {**about, "enum": list(leaf.choices)}
    single: dict[str, Any] = {"type": "boolean" if leaf.type == "flag" else leaf.type}
    if leaf.limits.low is not None:
        single["minimum"] = leaf.limits.low
    if leaf.limits.high is not None:
        single["maximum"] = leaf.limits.high
    options = [single]
    if leaf.numeric:
        distribution = {"properties": {"dist": {"enum": list(FORMS)}}, "required": ["dist"]}
        options.append({"type": "object", **distribution})
    if leaf.axes:
        options.append({"type": "object"})
    return {**about, "anyOf": options}


def _event(action: Action) -> dict[str, Any]:
    arguments = {name: _argument(argument) for name, argument in action.arguments.items()}
    selectors = {name: _argument(argument) for name, argument in SELECTORS.items()}
    required = [name for name, argument in action.arguments.items() if argument.required]
    quarter = {"type": "string", "pattern": "^[0-9]{4}Q[1-4]$", "description": "when it happens"}
    do = {"const": action.name, "description": action.meaning}
    return {
        "type": "object",
        "properties": {"at": quarter, "do": do, **selectors, **arguments},
        "required": ["at", "do", *required],
        "additionalProperties": False,
    }


def _argument(argument: Argument) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": argument.meaning}
    if argument.kind == "choice":
        schema["enum"] = list(argument.choices)
    elif argument.kind == "org":
        schema |= {"type": "string", "examples": list(ALIASES)}
    elif argument.kind != "place":
        schema["type"] = _PRIMITIVES[argument.kind]
    if argument.minimum is not None:
        schema["minimum"] = argument.minimum
    if argument.maximum is not None:
        schema["maximum"] = argument.maximum
    return schema
