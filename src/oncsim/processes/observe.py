"""Observe: metrics and tables of the quarter are recorded. Draws no luck, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from oncsim.codes import NEEDS, PAYERS, SEGMENTS
from oncsim.metrics import collect, price_base
from oncsim.recording import coded

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def observe(model: OncologyMarket) -> None:
    """Record the quarter."""
    if model.price_base is None:
        model.price_base = price_base(model)
    model.recording.add_metrics(str(model.quarter), collect(model))
    model.recording.add_state(model)
    if "flows" in model.record and model.flow_sink is not None:
        model.flow_sink(flow_table(model))


def flow_table(model: OncologyMarket) -> pd.DataFrame:
    """Return the quarter's flows: one row a zone, payer, need and site; ``site`` empty is untreated.

    Shares of a cell under ``choice.flow_floor`` join the cell's largest site, so totals hold.
    """
    pairs, sites, zones = model.pairs, model.sites, model.zones
    started, waiting = _pair_flows(model)
    asked = started + waiting
    total = np.zeros((len(zones), len(SEGMENTS)))
    np.add.at(total, pairs.zone, asked)
    largest = _largest_pair(model, asked)
    floor = float(model.law["choice.flow_floor"])
    small = (asked > 0) & (asked < floor * total[pairs.zone]) & (largest[pairs.zone] != np.arange(len(pairs))[:, None])
    row, segment = np.nonzero(small)
    to = largest[pairs.zone[row], segment]
    np.add.at(started, (to, segment), started[row, segment])
    np.add.at(waiting, (to, segment), waiting[row, segment])
    started[small] = waiting[small] = 0.0

    row, segment = np.nonzero((started + waiting) > 0)
    cell, outside = np.nonzero(model.flows.untreated > 0)
    site_ids = np.append(sites.id.astype(object), "")
    payer = np.array([p for p, _ in SEGMENTS], dtype=object)
    need = np.array([n for _, n in SEGMENTS], dtype=object)
    zone_number = np.concatenate([pairs.zone[row], cell])
    segment_number = np.concatenate([segment, outside])
    site_number = np.concatenate([pairs.site[row], np.full(len(cell), len(sites))])
    order = np.lexsort((site_number, segment_number, zone_number))
    return pd.DataFrame(
        {
            "quarter": coded(np.zeros(len(order), dtype=np.int8), [str(model.quarter)]),
            "zone": coded(zone_number[order], zones.ids),
            "payer": pd.Categorical(payer[segment_number[order]], categories=list(PAYERS)),
            "need": pd.Categorical(need[segment_number[order]], categories=list(NEEDS)),
            "site": coded(site_number[order], list(site_ids)),
            "patients": np.concatenate([started[row, segment], model.flows.untreated[cell, outside]])[order],
            "waiting": np.concatenate([waiting[row, segment], np.zeros(len(cell))])[order],
            "minutes": np.concatenate([pairs.minutes[row], np.full(len(cell), np.nan)])[order],
        }
    )


def _pair_flows(model: OncologyMarket) -> tuple[np.ndarray, np.ndarray]:
    """Return (started, waiting) of each pair and segment."""
    if model.integer_flows is not None:
        started, waiting = model.integer_flows
        return started.copy(), waiting.copy()
    asked = model.choice.pair_segments(model.flows.started + model.flows.waiting)
    served = model.sites.served[model.pairs.site][:, None]
    return asked * served, asked * (1.0 - served)


def _largest_pair(model: OncologyMarket, asked: np.ndarray) -> np.ndarray:
    """Return, for each cell, the pair with most patients (the first of equals), (zones, segments)."""
    pairs = model.pairs
    top = np.full((len(model.zones), asked.shape[1]), -1.0)
    np.maximum.at(top, pairs.zone, asked)
    is_top = asked >= top[pairs.zone]
    number = np.where(is_top, np.arange(len(pairs))[:, None], len(pairs))
    first = np.full(top.shape, len(pairs), dtype=np.int64)
    np.minimum.at(first, pairs.zone, number)
    return first
