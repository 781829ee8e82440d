from __future__ import annotations

import numpy as np

from markets import METRO, MIXED, start
from oncsim.codes import CLOSED, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.decisions import acting_order, fill_vacancies, vacancies
from oncsim.processes.prospects import prospects


def crowded(pull: float = 0.4, replicate: int = 0) -> OncologyMarket:
    """Return a model in which every site asks for people."""
    model = start(4, MIXED, behaviour={"practice.hire.rural_pull": pull}, replicate=replicate)
    model.step()
    model.sites.load[:] = 3.0
    model.orgs.autonomy[:] = 1e7
    return model


def test_an_entrant_fills_one_post_and_no_more_are_hired_than_there_are() -> None:
    model = crowded()
    posts = int(vacancies(model).sum())
    for recruits, hired in ((0.9, 0), (3.5, 3), (1e6, posts)):
        model = crowded()
        before = len(model.physicians)
        model.recruits[:] = recruits
        fill_vacancies(model)
        assert len(model.physicians) == before + hired
        assert model.recruits.tolist() == [recruits - hired]
    assert posts > 3


def test_rural_posts_are_filled_less_often() -> None:
    def rural(pull: float) -> int:
        found = 0
        for replicate in range(6):
            model = crowded(pull, replicate)
            before = set(model.physicians.key.tolist())
            model.recruits[:] = 400.0
            fill_vacancies(model)
            fresh = ~np.isin(model.physicians.key, list(before))
            found += int(model.zones.rural[model.sites.zone[model.physicians.site[fresh]]].sum())
        return found

    none, some, most = rural(0.0), rural(0.5), rural(1.0)
    assert none < some < most


def test_a_site_with_room_asks_for_nobody_and_an_abandoned_one_for_one() -> None:
    model = crowded()
    model.sites.load[:] = 0.0
    assert (
        vacancies(model).sum()
        == (model.physicians.headcount(len(model.sites)) == 0)[model.sites.open & (model.sites.visiting_from < 0)].sum()
    )
    site = int(model.physicians.site[0])
    before = vacancies(model)
    model.physicians.keep(model.physicians.site != site)
    after = vacancies(model)
    assert after[site] == 1 and before[site] == 0
    model.sites.open[site] = False
    assert vacancies(model)[site] == 0


def test_owners_who_lose_beyond_their_independence_do_not_hire() -> None:
    model = crowded()
    practices = model.orgs.kind == PRACTICE
    model.orgs.autonomy[:] = 0.0
    model.orgs.margin_history[practices] = -1e6
    assert vacancies(model)[practices[model.sites.org]].sum() == 0
    model.orgs.margin_history[practices] = 1e6
    assert vacancies(model)[practices[model.sites.org]].sum() > 0


def test_the_order_of_those_who_act_does_not_depend_on_who_else_does() -> None:
    """Whoever is left out by chance, the others keep their order."""
    model = start(2, METRO)
    model.step()
    model.prospects = prospects(model)
    order = acting_order(model).tolist()
    assert len(order) == len(set(order)) > 5
    dropped = order[::3]
    model.orgs.status[dropped] = CLOSED
    assert acting_order(model).tolist() == [row for row in order if row not in dropped]
    model.t += 1
    assert acting_order(model).tolist() != [row for row in order if row not in dropped]
