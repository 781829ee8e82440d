"""Market power: leverage of systems over payers, worked out once a year, and at once where ownership or sites changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.codes import ACADEMIC_CENTER, BARGAINED, HEALTH_SYSTEM, NEEDS, PAYER_LABELS, PRACTICE, among
from oncsim.competition.cells import Cells, gather
from oncsim.competition.field import PriceField, Standing
from oncsim.competition.leverage import Leverage, leverage, leverage_by_payer
from oncsim.competition.nash import Table, passthrough_rate, value_of_access
from oncsim.prices.places import SITE_CLASSES, site_class
from oncsim.processes.referral import hospital_reach
from oncsim.processes.standard_patient import StandardPatient, standard_patient
from oncsim.state.market_power import MarketPower
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NEEDS = len(NEEDS)
COLUMNS = [slice(place * _NEEDS, (place + 1) * _NEEDS) for place in range(len(BARGAINED))]
_PAYER_OF_COLUMN = np.repeat(np.arange(len(BARGAINED)), _NEEDS)
LABELS = tuple(PAYER_LABELS[payer] for payer in BARGAINED)
NEAR_ONE = 0.98
NEVER = -1_000_000

_WORTH_THREADS = 50_000  # pairs below which starting threads takes longer than they save


def competing_system(model: OncologyMarket) -> Ints:
    """Return the system each site counts for: its top owner, -1 where it took no patients this quarter."""
    sites = model.sites
    taking = np.zeros(len(sites), dtype=np.bool_)
    factor = model.choice.factor
    taking[: len(factor)] = (factor > 0).any(axis=1)
    return np.where(taking & sites.open, model.orgs.top_owner()[sites.org], -1)


def payer_cells(model: OncologyMarket, system: Ints, zones: NDArray[np.bool_] | None = None) -> list[Cells]:
    """Return :func:`joint_cells` payer by payer."""
    both = joint_cells(model, system, zones)
    return [both.of_columns(columns) for columns in COLUMNS]


def joint_cells(model: OncologyMarket, system: Ints, zones: NDArray[np.bool_] | None = None) -> Cells:
    """Return who competes for the patients of the payers of ``BARGAINED``, from the choices of this quarter.

    The columns of the cells are the needs of the first payer, then those of the next (``COLUMNS``).

    Parameters
    ----------
    system : (sites,) int
        The system each site counts for.
    zones : (zones,) bool, optional
        Take only the patients of these.
    """
    law, found = model.law, model.choice
    layout = found.layout
    weight = standard_patient(law).weight
    columns = slice(BARGAINED[0] * _NEEDS, (BARGAINED[-1] + 1) * _NEEDS)
    # Whom so few of a cell would choose that its flow joins a larger one does not compete there.
    competes = np.zeros(len(layout.site), dtype=np.bool_)
    shares = model.shares
    competes[shares.pair[(shares.segment >= columns.start) & (shares.segment < columns.stop)]] = True
    mine = system[layout.site]
    competes &= mine >= 0
    if zones is not None:
        competes &= zones[layout.zone]
    pairs = np.flatnonzero(competes)
    value = found.factor[:, columns][layout.site[pairs]]
    value.reshape(len(pairs), len(BARGAINED), _NEEDS)[...] *= found.weight[pairs][:, None, :]
    treated = model.new_patients[:, columns] * found.treated[:, columns] * weight.ravel()
    return gather(
        layout.zone[pairs],
        mine[pairs],
        layout.row[pairs] // layout.zones,
        value,
        treated,
        len(model.orgs),
        len(layout.members),
        float(law["choice.nest_dissimilarity"]),
        float(law["payer.bargaining.beyond"]),
    )


def joining(model: OncologyMarket, position: int) -> Floats:
    """Return by how much systems out of network would be more attractive inside, (organisations,)."""
    penalty = float(model.law["choice.network"]) / float(model.law["choice.nest_dissimilarity"])
    return np.where(model.in_network[:, BARGAINED[position]], 1.0, np.exp(-penalty))


def class_norms(model: OncologyMarket) -> dict[str, Floats]:
    """Return the sourced commercial multiples of the classes of site, relative to the office, (classes,) each."""
    law = model.law
    return {
        name: np.array([float(law[f"payment.commercial.{name}"][one]) for one in SITE_CLASSES])
        / float(law[f"payment.commercial.{name}"]["office"])
        for name in ("drug", "service")
    }


def class_levels(model: OncologyMarket, patient: StandardPatient) -> Floats:
    """Return the sourced price of each site's class in standard contracts, (sites, payers of ``BARGAINED``)."""
    row = site_class(model.sites.kind, model.sites.eligible_340b)
    norm = class_norms(model)
    drugs = patient.drug_value[1, 0] / patient.value[1, 0]
    commercial = drugs * norm["drug"][row] + (1.0 - drugs) * norm["service"][row]
    return np.column_stack([np.ones(len(row)), commercial])


def volumes_of_sites(model: OncologyMarket, position: int, patient: StandardPatient) -> Floats:
    """Return the standard patients of a payer who started at each site this quarter, (sites,)."""
    payer = BARGAINED[position]
    starts = model.sites.starts[:, payer * _NEEDS : (payer + 1) * _NEEDS]
    return np.asarray(starts @ patient.weight[position])


def costs(model: OncologyMarket, position: int, patient: StandardPatient) -> Floats:
    """Return the avoidable cost of a standard patient of each system, in standard contracts, (organisations,).

    Acquired practices stiffen their owner's bargaining: without them it would keep some of their patients at its hospitals,
    whose downstream margin counts as a cost of agreeing (vertical recapture, methods 2d).
    """
    orgs, sites = model.orgs, model.sites
    size, top = len(orgs), orgs.top_owner()
    payer = BARGAINED[position]
    starts = sites.starts[:, payer * _NEEDS : (payer + 1) * _NEEDS]
    discount = model.purchasing_discount()[sites.org]
    drug, care = starts @ patient.drug_cost[position], starts @ patient.care_cost[position]
    worth = starts @ patient.value[position]
    owner = top[sites.org]
    spent = sum_by(owner, (1.0 - discount) * drug + care + _recaptured(model, starts.sum(axis=1)), size)
    volume = sum_by(owner, worth, size)
    usual = float((patient.drug_cost[position, 0] + patient.care_cost[position, 0]) / patient.value[position, 0])
    return np.divide(spent, volume, out=np.full(size, usual), where=volume > 0)


def _recaptured(model: OncologyMarket, starts: Floats) -> Floats:
    """Return the downstream margin an owner would keep without each acquired site, dollars, (sites,)."""
    law, orgs, sites = model.law, model.orgs, model.sites
    margin = float(law["payer.bargaining.recapture"]) * float(law["finance.downstream_margin"])
    top = orgs.top_owner()
    bought = sites.open & (sites.origin >= 0) & (top[sites.org] != sites.origin)
    bought &= (orgs.kind[sites.origin.clip(min=0)] == PRACTICE) & among(
        orgs.kind[top[sites.org]], (HEALTH_SYSTEM, ACADEMIC_CENTER)
    )
    if margin == 0 or not bought.any():
        return np.zeros(len(sites))
    rows = np.flatnonzero(bought)
    kept = np.zeros(len(sites))
    kept[rows] = hospital_reach(model, sites.zone[rows], top[sites.org[rows]])
    return kept * starts * margin


def weights(model: OncologyMarket) -> Floats:
    """Return the bargaining weight of every organisation, (organisations,): by its kind and its oncologists."""
    law, orgs = model.law, model.orgs
    by_kind = np.array([float(value) for value in law["payer.bargaining.weight"].values()])[orgs.kind]
    people = sum_by(orgs.top_owner(), orgs.headcount.astype(np.float64), len(orgs))
    slope = float(law["payer.bargaining.size_slope"])
    return np.clip(by_kind + slope * np.log10(np.maximum(people, 1.0) / 10.0), 0.0, 0.8)


def prices(model: OncologyMarket, position: int, patient: StandardPatient) -> Floats:
    """Return the price of every system in force, (organisations,): mean over its sites by standard patients."""
    orgs, sites = model.orgs, model.sites
    owner, volume = orgs.top_owner()[sites.org], volumes_of_sites(model, position, patient)
    volume = np.where(sites.open, volume, 0.0)
    total = sum_by(owner, volume, len(orgs))
    paid = sum_by(owner, volume * model.contracts.level[:, position], len(orgs))
    reference = model.market_power.reference[position]
    return np.divide(paid, total, out=np.full(len(orgs), reference), where=total > 0)


def table_of(model: OncologyMarket, position: int, patient: StandardPatient) -> Table:
    """Return what is on the table between a payer and all systems now."""
    power = model.market_power
    return Table(
        costs(model, position, patient), weights(model), float(power.value[position]), float(power.reference[position])
    )


def begin_market_power(model: OncologyMarket) -> MarketPower:
    """Work out leverage at the start, and what access is worth to payers so that mean prices are the sourced ones."""
    system = competing_system(model)
    patient = standard_patient(model.law)
    sourced = class_levels(model, patient)
    many = len(BARGAINED)
    cells = joint_cells(model, system)
    found = _leverage_of_all(model, cells)
    value, rate, reference = np.zeros(many), np.zeros(many), np.ones(many)
    for position, one in enumerate(found):
        volume = np.where(system >= 0, volumes_of_sites(model, position, patient), 0.0)
        if volume.sum() > 0:
            reference[position] = (volume * sourced[:, position]).sum() / volume.sum()
        cost = costs(model, position, patient)
        table = Table(cost, weights(model), 0.0, float(reference[position]))
        value[position] = value_of_access(one, table, float(reference[position]))
        rate[position] = passthrough_rate(one, cost, float(reference[position]))
    worth = patient.value[:, 0].copy()
    power = MarketPower(cells, system, found, system, value, rate, reference, worth, class_norms(model))
    _warn(model, power)
    return power


def _leverage_of_all(model: OncologyMarket, cells: Cells, rows: NDArray[np.bool_] | None = None) -> list[Leverage]:
    """Return leverage over every payer, from cells of them all: together where they are few.

    Else they are worked out side by side: array work lets other threads run, and none shares any.
    """
    inside = [joining(model, place) for place in range(len(COLUMNS))]
    if len(model.pairs) < _WORTH_THREADS:
        return leverage_by_payer(cells, _PAYER_OF_COLUMN, np.column_stack(inside)[:, _PAYER_OF_COLUMN], rows)
    apart = [cells.of_columns(columns) for columns in COLUMNS]
    with ThreadPoolExecutor(len(apart)) as pool:
        return list(pool.map(leverage, apart, inside, [rows] * len(apart)))


def update_market_power(model: OncologyMarket) -> None:
    """Look at the whole market once a year; between, where ownership or sites changed."""
    power = model.market_power
    system = competing_system(model)
    seen = np.full(len(system), -1)
    seen[: len(power.seen)] = power.seen
    power.worth = standard_patient(model.law).value[:, 0].copy()
    if model.quarter.number == 1:
        power.cells = joint_cells(model, system)
        power.field, power.priced_at = None, NEVER
        power.leverage = _leverage_of_all(model, power.cells)
        power.system = power.seen = system
        _warn(model, power)
        return
    changed = np.flatnonzero(system != seen)
    if len(changed) == 0 and power.leverage[0].diversion.shape[0] == len(model.orgs):
        return
    _update_where(model, power, system, seen, changed)
    power.seen = system


def _update_where(model: OncologyMarket, power: MarketPower, system: Ints, seen: Ints, changed: Ints) -> None:
    """Work out again the systems whose sites opened, closed or changed hands.

    What rivals would lose to a practice that was bought they would now lose to its owner; otherwise they follow at the next
    look at the whole market.
    """
    zones, size = model.zones, len(model.orgs)
    top = model.orgs.top_owner()
    moved = np.zeros(size, dtype=np.bool_)
    touched = np.concatenate([system[changed], seen[changed]])
    moved[touched[touched >= 0]] = True
    if not moved.any():
        power.leverage = [_grown(one, size) for one in power.leverage]
        return
    layout = model.choice.layout
    mine = system[layout.site]
    wanted = np.zeros(len(zones), dtype=np.bool_)
    wanted[layout.zone[(mine >= 0) & moved[mine.clip(min=0)]]] = True
    for position, fresh in enumerate(_leverage_of_all(model, joint_cells(model, system, wanted), moved)):
        power.leverage[position] = _replaced(_grown(power.leverage[position], size), fresh, moved, top)


def _grown(one: Leverage, size: int) -> Leverage:
    """Return the same with rows for organisations born since."""
    more = size - len(one.patients)
    if more <= 0:
        return one
    old = one.diversion
    indptr = np.append(old.indptr, np.full(more, old.indptr[-1], dtype=old.indptr.dtype))
    diversion = sparse.csr_array((old.data, old.indices, indptr), shape=(size, size))
    nothing = np.zeros(more)
    return Leverage(
        np.append(one.willingness, nothing),
        np.append(one.patients, nothing),
        diversion,
        np.append(one.beyond, nothing),
        np.append(one.largest, nothing),
    )


def _replaced(old: Leverage, fresh: Leverage, rows: NDArray[np.bool_], top: Ints) -> Leverage:
    """Return the old leverage with some rows new, and what went to an acquired system now going to its owner."""
    size = len(rows)
    moved = top != np.arange(size)
    kept = old.diversion
    if moved[kept.indices].any():
        owners = sparse.csr_array((np.ones(size), (np.arange(size), top)), shape=(size, size))
        kept = sparse.csr_array(kept @ owners)
        kept.sort_indices()
    row = np.repeat(np.arange(size), np.diff(kept.indptr))
    stays = ~rows[row] & (kept.data != 0)
    indptr = np.zeros_like(kept.indptr)
    np.cumsum(np.bincount(row[stays], minlength=size), out=indptr[1:])
    both = sparse.csr_array((kept.data[stays], kept.indices[stays], indptr), shape=(size, size))
    # Fresh rows are empty where the old ones stay.
    diversion = sparse.csr_array(both + fresh.diversion)
    return Leverage(
        np.where(rows, fresh.willingness, old.willingness),
        np.where(rows, fresh.patients, old.patients),
        diversion,
        np.where(rows, fresh.beyond, old.beyond),
        np.where(rows, fresh.largest, old.largest),
    )


def _warn(model: OncologyMarket, power: MarketPower) -> None:
    """Name, once, the systems that some people cannot do without."""
    if power.warned:
        return
    for label, one in zip(LABELS, power.leverage, strict=True):
        rows = np.flatnonzero(one.largest > NEAR_ONE)
        if len(rows):
            power.warned = True
            first = rows[np.lexsort((model.orgs.key[rows], -one.largest[rows]))[:3]]
            names = ", ".join(str(model.orgs.name[row]) for row in first)
            who = f"{len(rows)} systems treat" if len(rows) > 1 else "1 system treats"
            model.warnings.append(
                f"{label[0].upper()}{label[1:]}: {who} more than {NEAR_ONE:.0%} of the patients of some zone and need "
                f"({names}{' ...' if len(rows) > 3 else ''}): their willingness to pay rests on the share treated beyond "
                "every system (payer.bargaining.beyond)"
            )
            return


def price_field(model: OncologyMarket) -> PriceField:
    """Return the market of all payers at the prices in force as the quarter began, to weigh one system after another.

    Its columns are those of :func:`joint_cells`.
    """
    power = model.market_power
    if power.field is None or power.priced_at != model.t:
        patient, top = standard_patient(model.law), model.orgs.top_owner()
        # Cells know the systems of the last look; each is paid what its owner of today is.
        owner = top[: power.cells.systems]
        price = np.repeat(
            np.column_stack([prices(model, place, patient)[owner] for place in range(len(BARGAINED))]), _NEEDS, axis=1
        )
        reference = np.repeat(power.reference, _NEEDS)
        power.field = PriceField.of(power.cells, price, reference) if power.field is None else power.field.at(price)
        power.priced_at = model.t
    return power.field


@dataclass(frozen=True)
class Positions:
    """What buyers take as given when they weigh a practice in a quarter, one entry a payer of ``BARGAINED``.

    Attributes
    ----------
    cost : list of (organisations,) float
        Avoidable cost of a standard patient, in standard contracts.
    weight : (organisations,) float
        Bargaining weights.
    members : dict of int to list of int
        The systems of the last look that belong to each owner of today, where these are not the owner alone.
    found : dict
        Where owners stand with every payer, worked out already.
    """

    cost: list[Floats]
    weight: Floats
    members: dict[int, list[int]]
    found: dict[tuple[int, ...], list[Standing]] = field(default_factory=dict)


def positions(model: OncologyMarket) -> Positions:
    """Return what buyers take as given this quarter."""
    patient = standard_patient(model.law)
    top = model.orgs.top_owner()
    members: dict[int, list[int]] = {}
    known = model.market_power.cells.systems
    for row in np.flatnonzero(top[:known] != np.arange(known)):
        members.setdefault(int(top[row]), [int(top[row])]).append(int(row))
    many = len(BARGAINED)
    return Positions([costs(model, place, patient) for place in range(many)], weights(model), members)


def standing_together(model: OncologyMarket, given: Positions, *owners: int) -> list[Standing]:
    """Return where these owners would stand as one with each payer of ``BARGAINED``, every other price standing."""
    if owners not in given.found:
        known = model.market_power.cells.systems
        systems = [row for one in owners for row in given.members.get(one, [one]) if row < known]
        given.found[owners] = price_field(model).weigh_each(COLUMNS, *systems)
    return given.found[owners]


def level_together(model: OncologyMarket, given: Positions, position: int, *owners: int) -> float:
    """Return the price a payer would come to with these owners as one, the first leading, every other price standing.

    In standard contracts. Without patients it is the mean price of the start.
    """
    power, found = model.market_power, standing_together(model, given, *owners)[position]
    if found.patients <= 0:
        return float(power.reference[position])
    cost = float(given.cost[position][owners[0]])
    if str(model.law["payer.bargaining.mode"]) == "wtp_passthrough":
        return cost + float(power.rate[position]) * found.per_patient
    most = float(power.value[position]) * found.per_patient + found.alternative
    weight = float(given.weight[owners[0]])
    return (1.0 - weight) * cost + weight * most if most >= cost else float(power.reference[position])
