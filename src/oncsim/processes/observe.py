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
    model.recording.add_metrics(str(model.quarter), collect(model, model.metrics_asked))
    model.recording.add_state(model)
    if "flows" in model.record and model.flow_sink is not None:
        model.flow_sink(flow_table(model))


def flow_table(model: OncologyMarket) -> pd.DataFrame:
    """Return the quarter's flows: one row a zone, payer, need and site; ``site`` empty is untreated.

    Shares of a cell under ``choice.flow_floor`` have joined its largest site already, where patients choose.
    """
    pairs, sites, zones = model.pairs, model.sites, model.zones
    shares = model.shares
    started, waiting = model.entry_flows
    kept = started + waiting > 0
    row, segment = shares.pair[kept], shares.segment[kept]
    started, waiting = started[kept], waiting[kept]
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
            "patients": np.concatenate([started, model.flows.untreated[cell, outside]])[order],
            "waiting": np.concatenate([waiting, np.zeros(len(cell))])[order],
            "minutes": np.concatenate([pairs.minutes[row], np.full(len(cell), np.nan)])[order],
        }
    )
