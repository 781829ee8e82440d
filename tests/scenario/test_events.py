from __future__ import annotations

import pytest

from oncsim.actions.catalogue import ACTIONS
from oncsim.calendar import Quarter
from oncsim.parameters.strict_yaml import read_text
from oncsim.scenario.events import ScheduledEvent, read_event


def read(text: str) -> tuple[ScheduledEvent | None, list[str]]:
    document = read_text(text, "f")
    event, faults = read_event(document.data, document, ())
    return event, [fault.message for fault in faults]


def test_arguments_and_choice_of_organisations_are_told_apart() -> None:
    event, faults = read("{at: 2028Q1, do: capacity_shock, kind: practice, share: 0.1, fraction: -0.2}")
    assert faults == [] and event is not None
    assert (event.at, event.do) == (Quarter(2028, 1), "capacity_shock")
    assert event.select == {"kind": "practice", "share": 0.1}
    assert event.arguments == {"fraction": -0.2, "quarters": 4}


def test_an_argument_goes_before_a_selector_of_the_same_name() -> None:
    event, _ = read("{at: 2028Q1, do: open_site, org: largest_practice, kind: office}")
    assert event is not None
    assert event.select == {"org": "largest_practice"} and event.arguments["kind"] == "office"


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_can_be_scheduled_with_its_required_arguments(name: str) -> None:
    samples = {"number": "0", "integer": "1", "org": "Someone", "text": "x", "flag": "true", "place": "x"}
    words = [
        f"{key}: {argument.choices[0] if argument.choices else samples[argument.kind]}"
        for key, argument in ACTIONS[name].arguments.items()
        if argument.required
    ]
    event, faults = read("{" + ", ".join(["at: 2028Q1", f"do: {name}", "org: Someone Else", *words]) + "}")
    assert faults == [] and event is not None
    assert set(event.arguments) == set(ACTIONS[name].arguments)


def test_written_out_it_reads_the_same() -> None:
    event, _ = read("{at: 2028Q1, do: open_site, state: PA, rural: true, place: {lat: 40, lon: -75}}")
    assert event is not None
    again, faults = read(str(event.as_dict()).replace("True", "true").replace("False", "false"))
    assert faults == [] and again == event
