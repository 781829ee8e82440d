"""Who is where whose patients live: shares of the patients of a zone, and how far one organisation is present to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def zone_shares(by_org: sparse.csr_array) -> sparse.csr_array:
    """Return the share of the patients of each zone that each organisation has, (organisations, zones)."""
    total = np.asarray(by_org.sum(axis=0)).ravel()
    share = by_org.copy()
    share.data = by_org.data / np.where(total > 0, total, 1.0)[by_org.indices]
    return share


def presence(by_org: sparse.csr_array, one: Ints, other: Ints) -> Floats:
    """Return the share that the other of each pair has in the zones of one's patients, weighted by those, (pairs,).

    Parameters
    ----------
    by_org : (organisations, zones) sparse
        Patients.
    one, other : (pairs,) int
    """
    mine = np.maximum(np.asarray(by_org.sum(axis=1)).ravel(), 1e-12)
    met: Floats = np.asarray(by_org[one].multiply(zone_shares(by_org)[other]).sum(axis=1)).ravel()
    return np.asarray(met / mine[one])
