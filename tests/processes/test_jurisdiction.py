"""Parameters by state, looked up for zones, sites and organisations."""

from __future__ import annotations

import numpy as np

from markets import METRO, VERMONT, start, tiny_market
from oncsim.codes import STATES
from oncsim.processes.jurisdiction import by_state, of_state, org_state, site_places, site_states, zone_states


def test_every_place_of_a_state_has_its_code() -> None:
    model = start(1, VERMONT)
    code = STATES.index("VT")
    assert (zone_states(model) == code).all()
    assert (site_states(model) == code).all()
    seated = np.flatnonzero(model.orgs.zone >= 0)
    assert {org_state(model, int(org)) for org in seated} == {code}
    places = site_places(model)
    rural = np.array([bool(model.zones.rural[zone]) for zone in model.sites.zone])
    np.testing.assert_array_equal(places["rural"].astype(bool), rural)


def test_a_plane_has_no_state() -> None:
    for market in (METRO, tiny_market(3)):
        assert (zone_states(start(1, market)) == -1).all()


def test_values_are_those_of_the_state_by_a_loop() -> None:
    rng = np.random.default_rng(1)
    values = {state: float(rng.integers(0, 100)) for state in STATES}
    state = rng.integers(-1, len(STATES), 300)
    middle = sorted(values.values())[len(STATES) // 2]
    expected = [values[STATES[one]] if one >= 0 else middle for one in state]
    assert by_state(values, state).tolist() == expected
    assert [of_state(values, int(one)) for one in state] == expected
    assert by_state(values, np.zeros(0, dtype=np.int64)).tolist() == []
