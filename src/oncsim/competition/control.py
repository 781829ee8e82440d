"""Who profits from and who controls whom: shares through chains of ownership, and concentration that counts them.

Each organisation has owners outside the model (its physicians, its community, its shareholders): holder ``i`` stands for
the outside owners of organisation ``i``. What organisations hold of each other comes off those owners' shares and passes
on to the outside owners of the holder.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from oncsim.competition.cells import Floats, Ints
from oncsim.competition.concentration import SCALE

_ROUNDING = 1e-9  # what is left by rounding to owners who have sold everything
_LONGEST_CHAIN = 60  # holdings of holdings of holdings; what is left then is solved for at once
_FADED = 1e-14  # a part so small is none


def shares_through_chains(holder: Ints, held: Ints, share: Floats, size: int) -> sparse.csr_array:
    """Return what the outside owners of each organisation have of each organisation, (holders, organisations).

    With ``B`` what organisations hold of each other and ``o_i = 1 - sum_k B_ki`` what is left to outside owners, holder
    ``i`` has ``o_i (I + B + B^2 + ...)_ij`` of ``j``. Columns add to one.

    Parameters
    ----------
    holder, held, share : (stakes,)
        ``holder`` has ``share`` (0 to 1) of ``held``; stakes of the same two add up.
    size : int

    Raises
    ------
    ValueError
        When more than the whole of an organisation is held, or holdings run in a circle without any outside owner.
    """
    direct = sparse.csr_array((share, (holder, held)), shape=(size, size))
    taken: Floats = np.asarray(direct.sum(axis=0), dtype=np.float64).ravel()
    if (taken > 1.0 + 1e-9).any():
        worst = int(np.argmax(taken))
        raise ValueError(f"{taken[worst]:.0%} of organisation {worst} is held by others")
    outside = np.where(taken < 1.0 - _ROUNDING, 1.0 - taken, 0.0)
    total = _summed(sparse.csr_array(sparse.diags_array(outside)), direct)
    missing: Floats = 1.0 - np.asarray(total.sum(axis=0), dtype=np.float64).ravel()
    if (missing > 1e-9).any():
        raise ValueError(f"organisation {int(np.argmax(missing))} is held in a circle without an outside owner")
    return total


def _summed(outside: sparse.csr_array, direct: sparse.csr_array) -> sparse.csr_array:
    """Return ``o (I + B + B^2 + ...)``: chains end, and small parts held in circles fade; what does not is solved for."""
    term, total = outside, outside
    for _ in range(_LONGEST_CHAIN):
        term = sparse.csr_array(term @ direct)
        term.data[term.data < _FADED] = 0.0
        term.eliminate_zeros()
        if term.nnz == 0:
            return total
        total = sparse.csr_array(total + term)
    size = direct.shape[0]
    # A circle without an outside owner holds nothing of anybody: its rows of o are zero, and least squares leave it so.
    remaining = sparse.csc_array(sparse.eye_array(size) - (1.0 - 1e-13) * direct)
    return sparse.csr_array(sparse.csr_array(spsolve(remaining.T.tocsc(), outside.T.tocsc())).T)


def modified_hhi(
    market: Ints,
    organization: Ints,
    patients: Floats,
    ownership: sparse.csr_array,
    control: sparse.csr_array,
    markets: int,
) -> Floats:
    """Return the modified HHI of each market, 0 to 10,000 and above where control and profit part; nan without patients.

    ``MHHI = 10^4 sum_k sum_j [sum_i g_ik b_ij / sum_i g_ik b_ik] s_k s_j`` (O'Brien and Salop 2000): the managers of ``k``
    weigh the profits of ``j`` as the owners who control ``k`` profit from ``j``. Equal to the HHI of owners where every
    organisation has one owner with all control and all profit.

    Parameters
    ----------
    market, organization, patients : (holdings,)
        Patients of each organisation in each market, each combination once.
    ownership, control : (holders, organisations) sparse
        ``b`` and ``g``; columns add to one.
    markets : int
    """
    return weighted_hhi(market, organization, patients, profit_weights(ownership, control), markets)


def profit_weights(ownership: sparse.csr_array, control: sparse.csr_array) -> sparse.csr_array:
    """Return how managers of the row's organisation weigh the profits of each other, their own counted as 1.

    Where those in control have no profit from their organisation themselves, managers weigh its profit alone.
    """
    interest = sparse.csr_array(control.T @ ownership)
    own = interest.diagonal()
    blind = own <= _ROUNDING
    weight = sparse.diags_array(np.where(blind, 0.0, 1.0 / np.where(blind, 1.0, own))) @ interest
    return sparse.csr_array(sparse.csr_array(weight) + sparse.diags_array(blind.astype(np.float64)))


def weighted_hhi(market: Ints, organization: Ints, patients: Floats, weight: sparse.csr_array, markets: int) -> Floats:
    """Return ``10^4 sum_k sum_j weight_kj s_k s_j`` of each market; nan without patients."""
    total = np.bincount(market, weights=patients, minlength=markets)
    share = patients / np.where(total > 0, total, 1.0)[market]
    held = sparse.csr_array((share, (market, organization)), shape=(markets, weight.shape[0]))
    value: Floats = np.asarray((held @ weight).multiply(held).sum(axis=1), dtype=np.float64).ravel()
    return np.where(total > 0, SCALE * value, np.nan)
