"""The budget view: what a policy changes of payments, by year, payer, component and who pays; and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.calendar import Quarter
from oncsim.codes import PAYERS
from oncsim.comparing.differences import Cube, cubes, paired
from oncsim.comparing.law import span

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PAYER, PATIENT, BOTH = "payer", "patient", "both"
_METRIC = {PAYER: "spending.payer_total", PATIENT: "spending.patient_total"}
ALL, TOTAL = "all", "total"
# Payers that scores speak of together.
TOGETHER = {"medicare": ("medicare_ffs", "medicare_advantage")}
BUDGET_COLUMNS = (
    *("scenario", "year", "quarters", "payer", "component", "who", "baseline", "other", "difference", "low", "high"),
    *("low_simultaneous", "high_simultaneous", "lowest", "highest", "replicates", "percent"),
)
VOLUME = "standard_dollars"  # column of the table of payments that measures how much is done
PARTS = ("price", "place", "number")
SPLIT_COLUMNS = (
    *("scenario", "year", "payer", "who", "part", "difference", "low", "high", "lowest", "highest", "replicates"),
)


def budget(frames: Sequence[pd.DataFrame], labels: Sequence[str], starts: Sequence[str]) -> pd.DataFrame:
    """Return the change of payments of every scenario from the first.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        The ``market=all`` metrics of the baseline and of the others.
    labels : sequence of str
        Their names.
    starts : sequence of str
        For each of the others, the first quarter in which its law differs (empty for none).

    Returns
    -------
    pandas.DataFrame
        :data:`BUDGET_COLUMNS`. ``year`` is a calendar year, the ten years from the start of the policy (``2027-2036``;
        fewer where the horizon ends before) or ``total``, the whole horizon. Sums in nominal dollars over the
        ``quarters`` of it; ``payer`` is ``all``, a payer or ``medicare`` (traditional and Advantage together), ``component``
        empty or a component, ``who`` is ``payer``, ``patient`` or ``both``.
    """
    import pandas as pd

    kept = [frame[frame["metric"].isin(set(_METRIC.values()))] for frame in frames]
    if any(frame.empty for frame in kept):
        return pd.DataFrame(columns=list(BUDGET_COLUMNS))
    baseline, *others = cubes(kept)
    tables = []
    for label, other, begins in zip(labels[1:], others, starts, strict=True):
        for year, where in periods(baseline.quarters, begins):
            rows = list(_rows(baseline, other, where))
            base, changed = (np.array([row[side] for row in rows]) for side in (1, 2))
            found = paired(base, changed, comparisons=len(rows) * len(others))
            keys = [row[0] for row in rows]
            words = {"scenario": label, "year": year, "quarters": int(where.sum())}
            words |= {name: [key[i] for key in keys] for i, name in enumerate(("payer", "component", "who"))}
            table = pd.DataFrame({**words, **found})
            level = table["baseline"].abs()
            table["percent"] = np.where(level > 0, 100.0 * table["difference"] / level.where(level > 0, 1.0), np.nan)
            tables.append(table[list(BUDGET_COLUMNS)])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(BUDGET_COLUMNS))


def periods(quarters: Sequence[str], begins: str) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return calendar years, the ten years from the start of a policy, and the horizon, each with its quarters."""
    names = np.array(quarters)
    years = np.array([quarter[:4] for quarter in quarters])
    found = [(year, years == year) for year in dict.fromkeys(years.tolist())]
    first, last = span(Quarter.parse(quarters[0]), Quarter.parse(quarters[-1]), begins)
    found.append((span_name(first, last), (names >= str(first)) & (names <= str(last))))
    return [*found, (TOTAL, np.ones(len(names), dtype=np.bool_))]


def span_name(first: Quarter, last: Quarter) -> str:
    """Return ``2027-2036``, or ``2027Q3-2037Q2`` where it is not whole calendar years."""
    one, two = str(first), str(last)
    return f"{one[:4]}-{two[:4]}" if one.endswith("Q1") and two.endswith("Q4") else f"{one}-{two}"


def _rows(a: Cube, b: Cube, where: NDArray[np.bool_]) -> Iterator[tuple[tuple[str, str, str], Floats, Floats]]:
    """Yield (payer, component, who) with the sums over quarters by replicate in both scenarios."""
    sums: dict[tuple[str, str, str], tuple[Floats, Floats]] = {}
    for who, metric in _METRIC.items():
        for i, (name, group) in enumerate(a.keys):
            if name == metric:
                named = dict(part.split("=") for part in group.split(";") if part)
                key = (named.get("payer", ALL), named.get("component", ""), who)
                sums[key] = (a.values[i][where].sum(axis=0), b.values[i][where].sum(axis=0))
    for name, members in TOGETHER.items():
        for who in _METRIC:
            parts = [sums[payer, "", who] for payer in members if (payer, "", who) in sums]
            if parts:
                sums[name, "", who] = (np.sum([p[0] for p in parts], axis=0), np.sum([p[1] for p in parts], axis=0))
    for payer, component, who in list(sums):
        if who == PAYER and (payer, component, PATIENT) in sums:
            mine, theirs = sums[payer, component, PAYER], sums[payer, component, PATIENT]
            sums[payer, component, BOTH] = (mine[0] + theirs[0], mine[1] + theirs[1])
    for key, (base, changed) in sums.items():
        yield key, base, changed


def split(frames: Sequence[pd.DataFrame], labels: Sequence[str], starts: Sequence[str], last: str) -> pd.DataFrame:
    """Return the change of payments split into prices, where patients are treated, and how much is done.

    With q the standardised volume (``standard_dollars`` of the table: drugs at average sales price and a fixed amount an
    infusion day) and p what is paid per dollar of it by payer and cell (kind of site, 340B status), 0 the baseline and 1
    the other scenario, and g = sum q1 / sum q0 of the payer::

        price  = sum q0 (p1 - p0)              the baseline's volumes at the new prices: the static part
        number = (g - 1) sum q0 p1             more or less treatment of the same mix of places
        place  = sum (q1 - g q0) p1            treatment moved between cells

    They add up to the change exactly. A volume of infusions would not do: where dearer cases stay behind, payments per
    infusion rise in their cell though no price does. Cells without volume in one scenario: p1 is p0 where q1 is 0;
    payments of cells without volume in the baseline are in ``place``, or in ``price`` where there is none in either.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        The ``payments`` table of the baseline and of the others.
    labels, starts
        As in :func:`budget`.
    last : str
        Last quarter of the horizon.

    Returns
    -------
    pandas.DataFrame
        :data:`SPLIT_COLUMNS`: ``year`` is a calendar year, the calendar years within ten years of the start
        of the policy, or ``total``; ``part`` is ``price``, ``place``, ``number`` or ``all``. Empty where a run recorded
        no standardised volume.
    """
    import pandas as pd

    tables = []
    if any(frame.empty or VOLUME not in frame for frame in frames):
        return pd.DataFrame(columns=list(SPLIT_COLUMNS))
    for label, frame, begins in zip(labels[1:], frames[1:], starts, strict=True):
        years, volumes, dollars = _cells(frames[0], frame)
        first, end = span(Quarter.parse(f"{years[0]}Q1"), Quarter.parse(last), begins)
        inside = [str(first)[:4] <= year <= str(end)[:4] for year in years]
        whole = f"{next(y for y, yes in zip(years, inside, strict=True) if yes)}-{str(end)[:4]}"
        for who, paid in dollars.items():
            parts = split_parts(volumes, paid)  # part -> (payers, years, replicates)
            parts[ALL] = np.sum(list(parts.values()), axis=0)
            for year, some in [
                *((y, [y == one for one in years]) for y in years),
                (whole, inside),
                (TOTAL, [True] * len(years)),
            ]:
                for part, values in parts.items():
                    by_payer = values[:, some].sum(axis=1)
                    rows = np.concatenate([by_payer.sum(axis=0, keepdims=True), by_payer])
                    found = paired(np.zeros_like(rows), rows, comparisons=1)
                    words: dict[str, Any] = {"scenario": label, "year": year, "payer": [ALL, *PAYERS], "who": who}
                    tables.append(pd.DataFrame({**words, "part": part, **found})[list(SPLIT_COLUMNS)])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SPLIT_COLUMNS))


def split_parts(volumes: Floats, paid: Floats) -> dict[str, Floats]:
    """Return the parts of a change of payments, (payers, years, replicates) each; see :func:`split`.

    Parameters
    ----------
    volumes, paid : (2, payers, cells, years, replicates) float
        Baseline first.
    """
    q0, q1 = volumes
    known0, known1 = q0 > 0, q1 > 0
    p0 = np.divide(paid[0], q0, out=np.zeros_like(q0), where=known0)
    p1 = np.divide(paid[1], q1, out=p0.copy(), where=known1)
    neither, left, came = ~known0 & ~known1, known0 & ~known1, known1 & ~known0
    price = (q0 * (p1 - p0)).sum(axis=1) + np.where(neither, paid[1] - paid[0], 0.0).sum(axis=1)
    before, after = q0.sum(axis=1), q1.sum(axis=1)
    growth = np.divide(after, before, out=np.ones_like(before), where=before > 0)
    number = (growth - 1.0) * (q0 * p1).sum(axis=1)
    moved = (q1 - growth[:, None] * q0) * p1 + np.where(left, paid[1], 0.0) - np.where(came, paid[0], 0.0)
    return {"price": price, "place": moved.sum(axis=1), "number": number}


def _cells(base: pd.DataFrame, other: pd.DataFrame) -> tuple[list[str], Floats, dict[str, Floats]]:
    """Return years, standardised volumes and dollars by who pays, (2, payers, cells, years, replicates)."""
    import pandas as pd

    both = pd.concat([base.assign(side=0), other.assign(side=1)], ignore_index=True)
    cell = both["kind"].astype(str) + both["eligible_340b"].astype(str)
    axes = [
        both["side"].to_numpy(),
        pd.Index(PAYERS).get_indexer(pd.Index(both["payer"])),
        pd.factorize(cell, sort=True)[0],
        pd.factorize(both["year"].astype(str), sort=True)[0],
        pd.factorize(both["replicate"], sort=True)[0],
    ]
    sizes = [2, len(PAYERS), *(int(axis.max()) + 1 for axis in axes[2:])]

    def filled(values: Any) -> Floats:
        result = np.zeros(sizes)
        result[tuple(axes)] = np.asarray(values, dtype=np.float64)
        return result

    owed = both["patient"]
    return (
        sorted(both["year"].astype(str).unique()),
        filled(both[VOLUME]),
        {PAYER: filled(both["paid"] - owed), PATIENT: filled(owed), BOTH: filled(both["paid"])},
    )
