"""The whole of care: what an organisation offers itself and what its partners bring near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.state.sums import sum_rows
from oncsim.ties.ladder import by_line
from oncsim.ties.strength import tie_strength
from oncsim.ties.worth import service_lines

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]


def available_lines(model: OncologyMarket) -> tuple[NDArray[np.bool_], Floats]:
    """Return (lines of each organisation, part of each line that its partners bring it), (organisations, lines) each.

    A partner's line counts as far as the form brings it and the tie works; several partners add up to at most all of it.
    """
    ties = model.ties
    top = model.orgs.top_owner()
    own = service_lines(model)
    whole = own.copy()
    np.logical_or.at(whole, top, own)
    whole = whole[top] | own
    brought = np.zeros(own.shape)
    ladder = model.ladder
    strength = tie_strength(model)
    rows = np.flatnonzero(strength > 0)
    if len(rows):
        part = strength[rows] / np.maximum(ladder.steering[ties.form[rows]], 1e-12) * ladder.reach[ties.form[rows]]
        part = np.where(ladder.steering[ties.form[rows]] > 0, part, 0.0)
        for giver, taker in ((ties.a[rows], ties.b[rows]), (ties.b[rows], ties.a[rows])):
            brought += sum_rows(top[taker], part[:, None] * whole[giver], len(model.orgs))
    brought = np.where(whole, 0.0, np.minimum(brought, 1.0))
    return whole, brought[top]


def continuum(model: OncologyMarket) -> tuple[Floats, Floats]:
    """Return (part of what patients need that each organisation has, part that partners bring), (organisations,) each."""
    need = by_line(model.law["partnership.line.need"])
    whole, brought = available_lines(model)
    return np.asarray((whole * need).sum(axis=1) / need.sum()), np.asarray((brought * need).sum(axis=1) / need.sum())
