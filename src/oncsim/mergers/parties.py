"""The parties of a deal: who they are, found by name, and whether a deal between them can be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.selection import find_organization
from oncsim.codes import BARGAINED, CLOSED, ORG_KINDS, PAYER, PAYERS
from oncsim.errors import Fault, InputError, RunError, did_you_mean
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

LIST = "`oncsim merger --list`"


@dataclass(frozen=True)
class Party:
    """One side of a deal, with everything it owns.

    Attributes
    ----------
    row : int
        Its row in the model.
    id, name, kind : str
        Of the owner at the top; ``kind`` is a code of ``codes.ORG_KINDS``.
    asked : str
        Name of the organisation that was asked for where that is owned by the party; empty otherwise.
    sites : int
        Open sites.
    oncologists : float
        Full-time equivalents.
    patients : float
        People who start treatment with it, a year (four times the quarter).
    receipts : dict of str to float
        Dollars a year it receives for the patients of each payer of ``codes.BARGAINED``, patients' shares included.
    """

    row: int
    id: str
    name: str
    kind: str
    asked: str
    sites: int
    oncologists: float
    patients: float
    receipts: dict[str, float]


def patients_of_owners(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the people who start treatment in a year with each owner at the top, (organisations,)."""
    owner = model.orgs.top_owner()[model.sites.org]
    return 4.0 * sum_by(owner, model.sites.starts.sum(axis=1), len(model.orgs))


def find_parties(model: OncologyMarket, one: str, other: str) -> tuple[Party, Party]:
    """Return the buyer and the target of a deal between two organisations, each as its owner at the top.

    Raises
    ------
    InputError
        When one is unknown or ambiguous, closed or a payer, when both are one or belong to one owner, or when the
        target treats nobody; every fault at once.
    """
    faults: list[Fault] = []
    rows = []
    for label, text in (("ONE", one), ("OTHER", other)):
        found = _row(model, label, text)
        rows.append(found)
        if isinstance(found, Fault):
            faults.append(found)
    buyer, target = rows
    if not isinstance(buyer, Fault) and not isinstance(target, Fault):
        wrong = _wrong_together(model, buyer, target)
        if wrong is None:
            top = model.orgs.top_owner()
            return _party(model, int(top[buyer]), buyer), _party(model, int(top[target]), target)
        faults.append(wrong)
    raise InputError(faults)


def _row(model: OncologyMarket, label: str, text: str) -> int | Fault:
    """Return the row of an organisation, or why it can be no party."""
    orgs = model.orgs
    called = np.flatnonzero(orgs.name == text)
    if len(called) > 1 and not (orgs.id == text).any():
        ids = ", ".join(sorted(str(one) for one in orgs.id[called]))
        return Fault(label, 0, 0, "", f"{len(called)} organisations are called {text!r} (give an id: {ids})")
    try:
        row = find_organization(model, text)
    except RunError:
        return Fault(
            label, 0, 0, "", f"no such organisation {text!r} (an id or a name; {LIST} has them{_near(model, text)})"
        )
    name = str(orgs.name[row])
    if orgs.kind[row] == PAYER:
        return Fault(label, 0, 0, "", f"{name!r} is a payer (organisations that treat patients; {LIST} has them)")
    if orgs.status[row] == CLOSED:
        return Fault(label, 0, 0, "", f"{name!r} has closed by {model.quarter} ({LIST} has those that treat patients)")
    return row


def _near(model: OncologyMarket, text: str) -> str:
    """Return the nearest name: the largest organisation whose name holds the text, else the closest by spelling."""
    orgs = model.orgs
    open_to = np.flatnonzero(orgs.kind != PAYER)
    names = [str(orgs.name[row]) for row in open_to]
    wanted = text.casefold().strip()
    holding = [row for row, name in zip(open_to, names, strict=True) if wanted and wanted in name.casefold()]
    if holding:
        size = patients_of_owners(model)
        best = min(holding, key=lambda row: (-size[row], str(orgs.name[row])))
        return f"; did you mean {str(orgs.name[best])!r}?"
    return did_you_mean(text, [*names, *(str(orgs.id[row]) for row in open_to)])


def _wrong_together(model: OncologyMarket, buyer: int, target: int) -> Fault | None:
    orgs, top = model.orgs, model.orgs.top_owner()
    name = str(orgs.name[target])
    if buyer == target:
        return Fault("OTHER", 0, 0, "", f"{name!r} is ONE as well (a deal has two parties)")
    if top[buyer] == top[target]:
        owner, first = str(orgs.name[top[target]]), str(orgs.name[buyer])
        if top[buyer] in (buyer, target):
            said = f"{owner!r} owns {(name if top[buyer] == buyer else first)!r} already"
        else:
            said = f"{first!r} and {name!r} both belong to {owner!r}"
        return Fault("OTHER", 0, 0, "", f"{said} (a deal has two parties with different owners)")
    if patients_of_owners(model)[top[target]] <= 0:
        return Fault("OTHER", 0, 0, "", f"{name!r} treats nobody in {model.quarter} ({LIST} has those that treat patients)")
    return None


def _party(model: OncologyMarket, row: int, asked: int) -> Party:
    orgs, sites = model.orgs, model.sites
    mine = orgs.top_owner()[sites.org] == row
    paid = model.money.paid[mine].sum(axis=(0, 2))
    return Party(
        row=row,
        id=str(orgs.id[row]),
        name=str(orgs.name[row]),
        kind=ORG_KINDS[orgs.kind[row]],
        asked=str(orgs.name[asked]) if asked != row else "",
        sites=int((mine & sites.open).sum()),
        oncologists=float(sites.oncologists[mine & sites.open].sum()),
        patients=float(patients_of_owners(model)[row]),
        receipts={PAYERS[payer]: 4.0 * float(paid[payer]) for payer in BARGAINED},
    )


@dataclass(frozen=True)
class Listed:
    """An organisation that can be a party.

    Attributes
    ----------
    id, name, kind : str
    sites : int
        Open sites.
    patients : float
        People who start treatment with it in a year.
    """

    id: str
    name: str
    kind: str
    sites: int
    patients: float


def organizations_that_treat(model: OncologyMarket) -> list[Listed]:
    """Return the owners at the top that treat patients, most patients first."""
    orgs, sites = model.orgs, model.sites
    size = patients_of_owners(model)
    owner = orgs.top_owner()[sites.org]
    count = np.bincount(owner[sites.open], minlength=len(orgs))
    rows = np.flatnonzero(size > 0)
    order = rows[np.lexsort((orgs.key[rows], -size[rows]))]
    return [
        Listed(str(orgs.id[row]), str(orgs.name[row]), ORG_KINDS[orgs.kind[row]], int(count[row]), float(size[row]))
        for row in order
    ]
