"""What is recorded by calendar year: care by zone, and payments by payer and kind of site.

Sums over the quarters of a year, so that two small tables say what recorded flows would take gigabytes to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import PAYERS, SITE_KINDS
from oncsim.state.sums import sum_by, sum_rows

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
# Columns of the sums by zone.
_PATIENTS, _UNTREATED, _MINUTES, _WAIT, _OWED, _PAID = range(6)
# Columns of the sums by cell and payer.
_PAYMENTS = ("patients", "infusions", "standard_dollars", "paid", "patient")
# Weight of an infusion day in the standardised volume beside its drugs, dollars: what Medicare pays an office for
# giving a drug in 2026 (vbc_guide_2026). Fixed over years and scenarios, so that no payment rule moves the volume.
INFUSION_DAY_DOLLARS = 133.0


class Yearly:
    """Sums of one replicate by calendar year."""

    def __init__(self) -> None:
        self._zones: dict[str, Floats] = {}  # (zones, 6)
        self._payments: dict[str, Floats] = {}  # (cells, 5 x payers); a cell is a kind of site with or without 340B

    def add(self, model: OncologyMarket) -> None:
        """Add the quarter that the model has just run; the model is only read."""
        year = str(model.quarter)[:4]
        for sums, found in ((self._zones, zone_sums(model)), (self._payments, payment_sums(model))):
            sums[year] = sums[year] + found if year in sums else found

    def zone_years(self, zones: list[str]) -> pd.DataFrame:
        """Return one row a year and zone; what is per patient is missing where nobody was treated."""
        years, sums = list(self._zones), list(self._zones.values())
        stacked = np.concatenate(sums) if sums else np.zeros((0, 6))
        treated = stacked[:, _PATIENTS]
        people = treated + stacked[:, _UNTREATED]

        def per(total: Floats, count: Floats) -> Floats:
            mean: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
            return mean

        return pd.DataFrame(
            {
                "year": np.repeat(np.array(years, dtype=object), len(zones)),
                "zone": np.tile(np.array(zones, dtype=object), len(years)),
                "patients": treated,
                "untreated": stacked[:, _UNTREATED],
                "untreated_share": per(stacked[:, _UNTREATED], people),
                "minutes": per(stacked[:, _MINUTES], treated),
                "patient_cost": per(stacked[:, _OWED], treated),
                "spending": per(stacked[:, _PAID], treated),
                "wait_days": per(stacked[:, _WAIT], treated),
            }
        )

    def payments(self) -> pd.DataFrame:
        """Return one row a year, payer, kind of site and 340B status in which anything was done or paid."""
        tables = [_payment_rows(year, sums) for year, sums in self._payments.items()]
        return (
            pd.concat(tables, ignore_index=True)
            if tables
            else _payment_rows("", np.zeros((0, len(_PAYMENTS) * len(PAYERS))))
        )


def zone_sums(model: OncologyMarket) -> Floats:
    """Return patients, untreated, minutes, days waited, dollars owed by patients and dollars paid by all, (zones, 6).

    A site's payments of the quarter, with those to pharmacies that ship it drugs, are shared among the people who start
    there in it, and so among their zones: the zones add up to the payments of all sites with such people.
    """
    from scipy import sparse

    pairs, sites, flows, money = model.pairs, model.sites, model.flows, model.money
    count = len(model.zones)
    starts = _rows(sites.starts)

    def each(total: Floats) -> Floats:
        share: Floats = np.divide(total, starts, out=np.zeros(len(starts)), where=starts > 0)
        return share

    owed = _rows(money.patient) + _rows(money.pharmacy_patient)
    paid = _rows(money.paid) + _rows(money.pharmacy) + _rows(money.pharmacy_patient)
    where = sparse.csr_array((flows.pair_started, pairs.site, pairs.start), shape=(count, len(sites)))
    by_site = where @ np.column_stack([np.ones(len(starts)), sites.wait_days, each(owed), each(paid)])
    result = np.empty((count, 6))
    result[:, [_PATIENTS, _WAIT, _OWED, _PAID]] = by_site
    result[:, _UNTREATED] = _rows(flows.untreated)
    result[:, _MINUTES] = sum_by(pairs.zone, flows.pair_started * pairs.minutes, count)
    return result


def _rows(values: Floats) -> Floats:
    """Return the sum of each row over all other axes, as a product: summing short axes is ten times slower."""
    flat = values.reshape(len(values), -1)
    return np.asarray(flat @ np.ones(flat.shape[1]))


def payment_sums(model: OncologyMarket) -> Floats:
    """Return the sums of one quarter by cell, (cells, 5 x payers): what :data:`_PAYMENTS` names, dollars and counts.

    Standard dollars measure what is done at prices that no payment rule changes: drugs at their average sales price and
    :data:`INFUSION_DAY_DOLLARS` an infusion day, so that a case with dearer drugs counts as more.
    """
    sites, money = model.sites, model.money
    cell = (2 * sites.kind + sites.eligible_340b).astype(np.int64)
    cells = 2 * len(SITE_KINDS)

    def by_payer(values: Floats) -> Floats:
        # Rows by cell first: what is left to sum over needs or components is then tiny.
        found: Floats = sum_rows(cell, values.reshape(len(values), -1), cells).reshape(cells, len(PAYERS), -1).sum(axis=2)
        return found

    owed = by_payer(money.patient) + by_payer(money.pharmacy_patient)
    paid = by_payer(money.paid) + by_payer(money.pharmacy) + by_payer(money.pharmacy_patient)
    days = by_payer(sites.infusions)
    standard = by_payer(model.volumes.drug_dollars) + INFUSION_DAY_DOLLARS * days
    return np.hstack([by_payer(sites.starts), days, standard, paid, owed])


def _payment_rows(year: str, sums: Floats) -> pd.DataFrame:
    values = sums.reshape(len(sums), len(_PAYMENTS), len(PAYERS))
    cell, payer = np.nonzero(values.any(axis=1))
    found: Any = values[cell, :, payer]
    return pd.DataFrame(
        {
            "year": np.full(len(cell), year, dtype=object),
            "payer": np.array(PAYERS, dtype=object)[payer],
            "kind": np.array(SITE_KINDS, dtype=object)[cell // 2],
            "eligible_340b": (cell % 2).astype(np.bool_),
            **{name: found[:, i] for i, name in enumerate(_PAYMENTS)},
        }
    )
