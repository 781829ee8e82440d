"""What organisations offer themselves and what partners bring, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from oncsim.codes import SERVICE_LINES, TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.ties.continuum import available_lines, continuum
from oncsim.ties.ladder import AFFILIATION, COVERAGE, REFERRAL
from oncsim.ties.strength import tie_strength
from oncsim.ties.trust import DISSOLVED
from oncsim.ties.worth import service_lines

from .partners import add_ties, partners, rows_of

RAMP_UP = TIE_STAGES.index("ramp_up")


def known() -> OncologyMarket:
    return partners({"partnership.trust.reputation_weight": 0.0})


def several() -> OncologyMarket:
    """Several ties of different forms, stages and trust; one practice belongs to a system."""
    model = known()
    center, valley, south, town, edge, city = rows_of(
        model, "center", "valley", "south", "town_practice", "edge_practice", "city_practice"
    )
    add_ties(model, center, town, name="a", form=AFFILIATION, trust_ab=0.8, trust_ba=0.5)
    add_ties(model, valley, town, name="b", form=COVERAGE, trust_ab=0.9, trust_ba=0.95)
    add_ties(model, town, city, name="c", form=REFERRAL, stage=RAMP_UP, ramp=5)
    add_ties(model, south, center, name="d", form=AFFILIATION, stage=DISSOLVED)
    add_ties(model, edge, center, name="e", form=AFFILIATION)
    model.orgs.owner[edge], model.orgs.status[edge] = south, 1
    return model


def test_lines_and_what_partners_bring_by_hand() -> None:
    model = several()
    ties, law = model.ties, model.law
    top = model.orgs.top_owner()
    own, strength = service_lines(model), tie_strength(model)
    has = [set(np.flatnonzero(own[org]).tolist()) for org in range(len(own))]
    for org in range(len(own)):
        if top[org] != org:
            has[top[org]] |= has[org]
    has = [has[top[org]] | has[org] for org in range(len(own))]
    brought = np.zeros(own.shape)
    for row in range(len(ties)):
        form = TIE_FORMS[ties.form[row]]
        works = float(strength[row]) / float(law["partnership.steering"][form])
        for giver, taker in ((ties.a[row], ties.b[row]), (ties.b[row], ties.a[row])):
            for line in has[giver]:
                brought[top[taker], line] += works * float(law["partnership.reach"][form])
    whole, part = available_lines(model)
    for org in range(len(own)):
        assert set(np.flatnonzero(whole[org]).tolist()) == has[org]
        for line in range(len(SERVICE_LINES)):
            expected = 0.0 if line in has[org] else min(brought[top[org], line], 1.0)
            assert part[org, line] == pytest.approx(expected), (org, SERVICE_LINES[line])
    assert (part > 0).sum() > 8


def test_the_parts_are_shares_of_what_patients_need() -> None:
    model = several()
    mine, theirs = continuum(model)
    whole, part = available_lines(model)
    need = {line: float(model.law["partnership.line.need"][line]) for line in SERVICE_LINES}
    for org in range(len(model.orgs)):
        for found, has in ((mine, whole), (theirs, part)):
            total = sum(need[line] * float(has[org, at]) for at, line in enumerate(SERVICE_LINES))
            assert found[org] == pytest.approx(total / sum(need.values()))
    assert (mine + theirs <= 1 + 1e-12).all() and (mine + theirs > mine).any()


def test_without_partners_nobody_brings_anything_and_an_ended_tie_takes_it_away() -> None:
    model = known()
    alone = continuum(model)
    assert (alone[1] == 0).all() and alone[0].max() > 0.5
    center, town = rows_of(model, "center", "town_practice")
    (row,) = add_ties(model, center, town, form=AFFILIATION)
    assert continuum(model)[1][town] > 0
    model.ties.stage[row] = DISSOLVED
    np.testing.assert_array_equal(continuum(model), alone)


def test_more_trust_and_more_partners_never_bring_less_and_together_at_most_all() -> None:
    model = known()
    center, town, city = rows_of(model, "center", "town_practice", "city_practice")
    found = [continuum(model)[1][town]]
    (row,) = add_ties(model, center, town, form=AFFILIATION, trust_ab=0.2, trust_ba=0.2)
    found.append(continuum(model)[1][town])
    model.ties.trust_ab[row] = model.ties.trust_ba[row] = 0.9
    found.append(continuum(model)[1][town])
    add_ties(model, city, town, name="other")
    found.append(continuum(model)[1][town])
    assert found == sorted(set(found))
    add_ties(model, center, town, count=30, name="many", form=AFFILIATION)
    assert available_lines(model)[1].max() == 1.0
    # What it has itself nobody brings.
    own, brought = available_lines(model)
    assert (brought[own] == 0).all()


def test_partners_with_the_same_services_bring_nothing() -> None:
    model = known()
    center, town = rows_of(model, "center", "town_practice")
    add_ties(model, center, town, form=AFFILIATION)
    assert continuum(model)[1][[center, town]].min() > 0
    model.sites.lines[np.isin(model.sites.org, (center, town))] = True
    assert (continuum(model)[1][[center, town]] == 0).all()
