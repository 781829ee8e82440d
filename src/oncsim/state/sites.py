"""Sites of care: places where patients are treated."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import SEGMENTS, SERVICE_LINES, SITE_KINDS
from oncsim.randomness import identities
from oncsim.state.columns import Columns

_K = len(SEGMENTS)


class Sites(Columns):
    """Rows are sites, open or closed; a closed site keeps its row.

    Shapes: one value a site, except ``lines`` (sites x service lines) and the segment matrices ``starts``, ``in_care``
    and ``infusions`` (sites x 15 payer-need segments), all of the current quarter. ``oncologists`` are full-time
    equivalents: home physicians less what they spend visiting, plus visitors.
    """

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "name": (object, ""),
        "key": (np.uint64, 0),
        "org": (np.int64, -1),
        "kind": (np.int64, 0),
        "hospital": (np.int64, -1),
        "zone": (np.int64, 0),
        "lat": (np.float64, 0.0),
        "lon": (np.float64, 0.0),
        "open": (np.bool_, True),
        "chairs": (np.float64, 0.0),
        "oncologists": (np.float64, 0.0),
        "visiting_from": (np.int64, -1),
        "visiting_fte": (np.float64, 0.0),
        "excepted": (np.bool_, False),
        # quarter count from which a 340B hospital's department is registered; what is there at the start always was
        "registered_from": (np.int64, -1_000_000),
        "eligible_340b": (np.bool_, False),
        "quality": (np.float64, 0.0),
        "shock": (np.float64, 0.0),
        "shock_until": (np.int64, -1),
        "wait_days": (np.float64, 0.0),
        "expected_wait": (np.float64, 21.0),
        "backlog": (np.float64, 0.0),
        "load": (np.float64, 0.0),
        "served": (np.float64, 1.0),
        "opened": (np.int64, -1_000_000),
        "idle_quarters": (np.int64, 0),
        "loss_quarters": (np.int64, 0),
        # the practice a site came from: it goes back there when an owner divests
        "origin": (np.int64, -1),
        "redesignate_at": (np.int64, -1),
        # rows of the ties by which a hub's oncologists see its patients, and by which a host bills for it
        "hub_tie": (np.int64, -1),
        "promised_fte": (np.float64, 0.0),
        "billed_by": (np.int64, -1),
        # commercial price level before the practice was bought, over that of independent practices then
        "level_before": (np.float64, np.nan),
        # navigation taken up in the run, at a cost of its own
        "navigation_added": (np.bool_, False),
        "pharmacy_added": (np.bool_, False),
        "margin": (np.float64, 0.0),
        "margin_year": (np.float64, 0.0),
        "lines": (np.bool_, False, len(SERVICE_LINES)),
        "starts": (np.float64, 0.0, _K),
        "in_care": (np.float64, 0.0, _K),
        "infusions": (np.float64, 0.0, _K),
    }
    id: NDArray[Any]
    name: NDArray[Any]
    key: NDArray[np.uint64]
    org: NDArray[np.int64]
    kind: NDArray[np.int64]
    hospital: NDArray[np.int64]
    zone: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    open: NDArray[np.bool_]
    chairs: NDArray[np.float64]
    oncologists: NDArray[np.float64]
    visiting_from: NDArray[np.int64]
    visiting_fte: NDArray[np.float64]
    excepted: NDArray[np.bool_]
    registered_from: NDArray[np.int64]
    eligible_340b: NDArray[np.bool_]
    quality: NDArray[np.float64]
    shock: NDArray[np.float64]
    shock_until: NDArray[np.int64]
    wait_days: NDArray[np.float64]
    expected_wait: NDArray[np.float64]
    backlog: NDArray[np.float64]
    load: NDArray[np.float64]
    served: NDArray[np.float64]
    opened: NDArray[np.int64]
    idle_quarters: NDArray[np.int64]
    loss_quarters: NDArray[np.int64]
    origin: NDArray[np.int64]
    redesignate_at: NDArray[np.int64]
    hub_tie: NDArray[np.int64]
    promised_fte: NDArray[np.float64]
    billed_by: NDArray[np.int64]
    level_before: NDArray[np.float64]
    navigation_added: NDArray[np.bool_]
    pharmacy_added: NDArray[np.bool_]
    margin: NDArray[np.float64]
    margin_year: NDArray[np.float64]
    lines: NDArray[np.bool_]
    starts: NDArray[np.float64]
    in_care: NDArray[np.float64]
    infusions: NDArray[np.float64]

    @classmethod
    def from_table(cls, table: pd.DataFrame, org: dict[str, int], hospital: dict[str, int], zone: dict[str, int]) -> Sites:
        """Copy the sites of a market into arrays; the dictionaries give the row of each id."""
        rows = {str(name): row for row, name in enumerate(table["site"])}
        kinds = {kind: number for number, kind in enumerate(SITE_KINDS)}
        offered = [str(text).split(";") for text in table["lines"]]
        return cls(
            len(table),
            id=table["site"].astype(str).to_numpy(object),
            name=table["name"].astype(str).to_numpy(object),
            key=identities(table["site"].to_numpy()),
            org=[org[str(name)] for name in table["org"]],
            kind=[kinds[str(kind)] for kind in table["kind"]],
            hospital=[hospital.get(str(name), -1) for name in table["hospital"]],
            zone=[zone[str(name)] for name in table["zone"]],
            lat=table["lat"],
            lon=table["lon"],
            chairs=table["chairs"],
            visiting_from=[rows.get(str(name), -1) for name in table["visiting_from"]],
            visiting_fte=table["visiting_fte"],
            excepted=table["excepted"],
            origin=[org[str(name)] for name in table["org"]],
            lines=np.array([[line in some for line in SERVICE_LINES] for some in offered], dtype=np.bool_).reshape(
                len(table), len(SERVICE_LINES)
            ),
        )
