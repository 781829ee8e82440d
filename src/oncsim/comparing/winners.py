"""Who gains and who loses: organisations and zones, paired replicate by replicate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.codes import ORG_KINDS, PAYER
from oncsim.comparing.differences import paired
from oncsim.results.reading import read_table
from oncsim.state.zones import weighted_quartile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ORGANIZATION, KIND, ZONE, GROUP = "organization", "kind", "zone", "zones"
ABSENT = "absent"
WINNER_COLUMNS = (
    *("scenario", "of", "id", "name", "kind", "status_baseline", "status_other", "measure", "baseline", "other"),
    *("difference", "low", "high", "lowest", "highest", "replicates"),
)
ORGANIZATION_MEASURES = ("margin", "patients", "oncologists", "independent", "acquired")
ZONE_MEASURES = ("minutes", "untreated_share", "patient_cost", "spending")
_ORG_COLUMNS = ["replicate", "quarter", "org", "name", "kind", "status", "owner", "oncologists", "patients", "margin"]


def organizations(base: Path, other: Path, quarters: list[str], label: str) -> pd.DataFrame:
    """Return what each organisation gains and loses over the last quarters; :data:`WINNER_COLUMNS`.

    ``margin`` and ``patients`` are sums over the quarters (a year where there are four), ``oncologists`` is their mean,
    ``independent`` the share of replicates in which it is in business and unowned in the last one, ``acquired`` that in
    which another has bought it or owns it. Rows with ``of``
    ``kind`` are the sums of ``margin`` over all organisations of a kind (``id``). An organisation that
    a scenario lacks has zero of each and the status ``absent``; the status is the most frequent over replicates.

    Parameters
    ----------
    base, other : Path
        Run folders.
    quarters : list of str
        The last (up to four) quarters of the horizon, in order.
    label : str
        Name of the scenario.
    """
    import pandas as pd

    held = [read_table(folder, "organizations", _ORG_COLUMNS, quarter=quarters) for folder in (base, other)]
    told = [frame[~frame["kind"].isin([ORG_KINDS[PAYER]])] for frame in held]
    both = pd.concat(told, ignore_index=True)
    if both.empty:
        return pd.DataFrame(columns=list(WINNER_COLUMNS))
    about = both.drop_duplicates("org").set_index("org").sort_index()
    replicates = pd.Index(sorted(both["replicate"].unique()))
    sides = [_sums(frame, about.index, replicates, quarters) for frame in told]
    words = {
        "scenario": label,
        "of": ORGANIZATION,
        "id": about.index.to_numpy(),
        "name": about["name"].to_numpy(),
        "kind": about["kind"].to_numpy(),
        "status_baseline": sides[0][1],
        "status_other": sides[1][1],
    }
    each = _measured(words, {name: (sides[0][0][name], sides[1][0][name]) for name in ORGANIZATION_MEASURES})
    kinds = sorted(about["kind"].unique())
    sums = [
        np.array([side["margin"][(about["kind"] == kind).to_numpy()].sum(axis=0) for kind in kinds]) for side, _ in sides
    ]
    told_of = {"scenario": label, "of": KIND, "id": kinds, "name": kinds, "kind": kinds}
    together = _measured({**told_of, "status_baseline": "", "status_other": ""}, {"margin": (sums[0], sums[1])})
    return pd.concat([each, together], ignore_index=True)


def _sums(frame: pd.DataFrame, orgs: pd.Index, replicates: pd.Index, quarters: list[str]) -> tuple[dict[str, Floats], Any]:
    """Return each measure by organisation and replicate, and the most frequent status at the end."""
    row, column = orgs.get_indexer(pd_index(frame["org"])), replicates.get_indexer(pd_index(frame["replicate"]))
    shape = (len(orgs), len(replicates))

    def total(values: Any) -> Floats:
        result = np.zeros(shape)
        np.add.at(result, (row, column), np.nan_to_num(np.asarray(values, dtype=np.float64)))
        return result

    last = (frame["quarter"] == quarters[-1]).to_numpy()
    alone = last & (frame["status"] == "active").to_numpy() & (frame["owner"].fillna("") == "").to_numpy()
    sold = (
        last
        & ((frame["status"] == "acquired") | ((frame["status"] == "active") & (frame["owner"].fillna("") != ""))).to_numpy()
    )
    at_end = frame[last]
    counts = at_end.groupby(["org", "status"]).size().unstack(fill_value=0).reindex(orgs, fill_value=0)
    counts[ABSENT] = len(replicates) - counts.sum(axis=1)
    return (
        {
            "margin": total(frame["margin"]),
            "patients": total(frame["patients"]),
            "oncologists": total(frame["oncologists"]) / len(quarters),
            "independent": total(alone),
            "acquired": total(sold),
        },
        counts.idxmax(axis=1).to_numpy(),
    )


def pd_index(values: Any) -> Any:
    """Return values as an index of pandas (imported when needed)."""
    import pandas as pd

    return pd.Index(values)


def zones(base: Path, other: Path, year: str, label: str) -> pd.DataFrame:
    """Return how each zone's care differs in one calendar year; :data:`WINNER_COLUMNS`.

    One row a zone and, with ``of`` ``zones``, one a group of zones (``id`` empty, ``rural=true``,
    ``deprivation_quartile=4``), of which the values are means over people starting treatment (``untreated_share``: over
    those and the untreated). ``kind`` is ``rural`` or ``metropolitan``; a replicate in which nobody of the zone is
    treated on either side is left out of its means.
    """
    import pandas as pd

    sides = [read_table(folder, "zone_years", year=year) for folder in (base, other)]
    about = read_table(base, "zones").set_index("zone").sort_index()
    replicates = pd.Index(sorted(sides[0]["replicate"].unique()))
    told = {"scenario": label, "status_baseline": "", "status_other": ""}
    words = {
        **told,
        "of": ZONE,
        "id": about.index.to_numpy(),
        "name": about["name"].to_numpy(),
        "kind": np.where(about["rural"].astype(bool), "rural", "metropolitan"),
    }

    def values(frame: pd.DataFrame, measure: str) -> Floats:
        result = np.full((len(about), len(replicates)), np.nan)
        place = about.index.get_indexer(pd.Index(frame["zone"])), replicates.get_indexer(pd.Index(frame["replicate"]))
        result[place] = frame[measure].to_numpy(dtype=np.float64)
        return result

    found = {name: tuple(values(side, name) for side in sides) for name in (*ZONE_MEASURES, "patients", "untreated")}
    members = groups(about)
    grouped = {name: (_means(found, name, 0, members), _means(found, name, 1, members)) for name in ZONE_MEASURES}
    ids = np.array(list(members), dtype=object)
    together = _measured({**told, "of": GROUP, "id": ids, "name": ids, "kind": ""}, grouped)
    each = _measured(words, {name: (found[name][0], found[name][1]) for name in ZONE_MEASURES})
    return pd.concat([each, together], ignore_index=True)


def groups(zones: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return which zones belong to all, to each rurality and to each quartile of deprivation (a quarter of people each)."""
    rural = zones["rural"].astype(bool).to_numpy()
    quartile = weighted_quartile(
        zones["deprivation"].to_numpy(dtype=np.float64), zones["population"].to_numpy(dtype=np.float64)
    )
    found = {"": np.ones(len(zones), dtype=np.bool_), "rural=false": ~rural, "rural=true": rural}
    found |= {f"deprivation_quartile={number}": quartile == number for number in (1, 2, 3, 4)}
    return {name: some for name, some in found.items() if some.any()}


def _means(found: dict[str, tuple[Floats, ...]], measure: str, side: int, members: dict[str, NDArray[np.bool_]]) -> Floats:
    """Return means over the zones of each group by replicate: of those treated, of all people for the untreated share."""
    weight = np.nan_to_num(found["patients"][side])
    if measure == "untreated_share":
        weight = weight + np.nan_to_num(found["untreated"][side])
    values = found[measure][side]
    weight = np.where(np.isnan(values), 0.0, weight)
    above = np.array([(weight * np.nan_to_num(values))[some].sum(axis=0) for some in members.values()])
    below = np.array([weight[some].sum(axis=0) for some in members.values()])
    means: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return means


def _measured(words: dict[str, Any], measures: dict[str, tuple[Floats, Floats]]) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for name, (base, other) in measures.items():
        found = paired(base, other, comparisons=1)
        tables.append(pd.DataFrame({**words, "measure": name, **found})[list(WINNER_COLUMNS)])
    return pd.concat(tables, ignore_index=True)


def last_year(start: str, end: str) -> str:
    """Return the last calendar year that was run from start to end in full, else the last one."""
    year = int(end[:4]) if end.endswith("Q4") else int(end[:4]) - 1
    whole = year > int(start[:4]) or (year == int(start[:4]) and start.endswith("Q1"))
    return str(year) if whole else end[:4]
