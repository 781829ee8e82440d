"""The yearly table of 340B hospitals against the quarters it adds up."""

from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, start
from oncsim.processes.program_340b import hospital_margins


def test_years_add_up_the_quarters_and_keep_the_state_at_their_end() -> None:
    ends = {"set": "policy.p340b.route_open", "from": "2027Q2", "to": False}
    model = start(8, METRO, policy=[ends])
    margin, spent = np.zeros((2, len(model.hospitals))), np.zeros((2, len(model.hospitals)))
    for quarter in range(8):
        model.step()
        found = hospital_margins(model)
        margin[quarter // 4] += found["margin"]
        spent[quarter // 4] += found["drug_dollars"]
    table = model.tables()["hospitals_340b"]
    rows = {name: row for row, name in enumerate(model.hospitals.id)}
    at = table["hospital"].map(rows).to_numpy(), (table["year"] == "2027").to_numpy(int)
    assert table["margin"].to_numpy() == pytest.approx(margin[at[1], at[0]])
    assert table["drug_dollars"].to_numpy() == pytest.approx(spent[at[1], at[0]])
    assert table["margin"].sum() == pytest.approx(margin.sum()) and margin[0].sum() > margin[1].sum() > 0
    some = table["drug_dollars"] > 0
    np.testing.assert_allclose(table["margin_per_drug_dollar"][some], table["margin"][some] / table["drug_dollars"][some])
    assert table["margin_per_drug_dollar"][~some].isna().all()
    first, second = (table[table["year"] == year] for year in ("2026", "2027"))
    # All left in 2027: there for the quarter they took part in, on no route and without departments at the end.
    assert set(first["hospital"]) == set(second["hospital"]) and (first["route"] != "").all()
    assert (second["route"] == "").all() and (second["departments"] == 0).all() and first["departments"].sum() > 0


def test_without_the_program_the_table_is_empty() -> None:
    model = start(4, METRO, policy=[{"set": "policy.p340b.route_open", "to": False}])
    while not model.finished:
        model.step()
    assert len(model.tables()["hospitals_340b"]) == 0
