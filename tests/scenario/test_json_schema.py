from __future__ import annotations

import json

from oncsim.actions.catalogue import ACTIONS
from oncsim.parameters.registry import Registry
from oncsim.scenario.json_schema import json_schema
from oncsim.scenario.plain_words import key_names
from oncsim.scenario.shape import ScenarioFile


def test_parameters_stand_in_the_section_that_may_change_them(tiny: Registry) -> None:
    schema = json_schema(tiny)
    law = schema["$defs"]["PolicyEntry"]["properties"]["set"]["enum"]
    behaviour = schema["properties"]["behaviour"]["properties"]
    assert "payment.coverage.medicaid" in law and "practice.optimism" not in law
    assert "practice.loyalty.advanced.rural" in behaviour and "payment.rule" not in behaviour
    assert behaviour["practice.optimism"]["anyOf"][0] == {"type": "number", "minimum": 0.5, "maximum": 2}


def test_every_key_and_every_action_is_there(tiny: Registry) -> None:
    schema = json_schema(tiny)
    assert set(schema["properties"]) == set(key_names(ScenarioFile))
    actions = [item["properties"]["do"]["const"] for item in schema["properties"]["events"]["items"]["oneOf"]]
    assert actions == list(ACTIONS)
    assert json.loads(json.dumps(schema)) == schema
