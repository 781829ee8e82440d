"""What drugs cost to buy: ordinary prices, 340B prices, and the rules of the program that decide which holds.

An ordinary buyer pays the average sales price (ASP) less its purchasing discount. A hospital in 340B pays ASP less the 340B
discount, never more than an ordinary buyer, except for what it must buy outside the program: orphan drugs on some routes
(orphan drug exclusion), and everything in departments that wait for registration. Where it may not use a group purchasing
organisation (GPO), it pays more than ASP for that. A rebate in place of the discount ties up capital until it is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Program340B:
    """What 340B rules decide of the purchases of sites, (sites,) each.

    Attributes
    ----------
    eligible : bool
        Buys at 340B prices.
    orphan_excluded : bool
        Buys orphan drugs outside the program; matters where ``eligible``.
    gpo : bool
        May not use a GPO for what it buys outside the program: orphan drugs, or everything where not ``eligible``.
    """

    eligible: Flags
    orphan_excluded: Flags
    gpo: Flags

    @classmethod
    def everywhere(cls, count: int, eligible: bool) -> Program340B:
        """Return sites that are all in the program, or all outside it, without exclusions."""
        none = np.zeros(count, dtype=np.bool_)
        return cls(np.full(count, eligible), none, none)


@dataclass(frozen=True)
class DrugCosts:
    """What sites pay for a quarter's drugs, dollars, (sites,) each.

    Attributes
    ----------
    cost : float
        All that is paid, working capital included.
    ordinary : float
        What the same drugs would cost outside 340B.
    at_340b : float
        Dollars spent on drugs bought at 340B prices (the price after any rebate).
    working_capital : float
        Cost of the capital that waits for rebates, and rebates refused; part of ``cost``.
    share_340b : float
        Share of the drugs, by ASP, bought at 340B prices, 0 to 1.
    """

    cost: Floats
    ordinary: Floats
    at_340b: Floats
    working_capital: Floats
    share_340b: Floats


def rebate_cost(law: Values) -> float:
    """Return what a rebate costs beyond an up-front discount, as a share of ASP; zero without a rebate or a discount.

    The hospital pays list price and waits for the difference to the 340B price: ``difference * (days / 365 * cost of
    capital + share refused)``.
    """
    discount = float(law["policy.p340b.discount"])
    if not law["policy.p340b.rebate"] or discount <= 0:
        return 0.0
    difference = discount + float(law["finance.purchasing.wac_over_asp"])
    waiting = float(law["policy.p340b.rebate_days"]) / 365.0 * float(law["finance.cost_of_capital"])
    return difference * (waiting + float(law["policy.p340b.rebate_denied"]))


def orphan_share(law: Values) -> float:
    """Return the share of drug dollars that hospitals under the orphan drug exclusion buy outside the program."""
    return float(law["payment.drug.orphan_share"]) * float(law["policy.p340b.orphan_scope"])


def bought_at_340b(law: Values, discount: Floats, program: Program340B) -> Floats:
    """Return the share of drugs, by ASP, that sites buy at 340B prices, (sites,): nothing that is dearer there.

    Without a discount nobody takes part for its sake, so every effect of the program is exactly zero.
    """
    unit_340b = (1.0 - float(law["policy.p340b.discount"])) + rebate_cost(law)
    used = program.eligible & (unit_340b < 1.0 - discount)
    excluded = np.where(program.orphan_excluded, orphan_share(law), 0.0)
    return np.where(used, 1.0 - excluded, 0.0)


def drug_acquisition(
    law: Values, drug_dollars: Floats, discount: Floats, program: Program340B, dollars_340b: Floats | None = None
) -> DrugCosts:
    """Return what sites pay for their drugs.

    Parameters
    ----------
    law : Values
        Parameters of the quarter.
    drug_dollars : (sites,) float
        Drugs bought, at ASP; what manufacturers give away is not bought.
    discount : (sites,) float
        Ordinary purchasing discount, as a share of ASP.
    program : Program340B
    dollars_340b : (sites,) float, optional
        The same drugs in the dollars that the 340B discount is taken from, where these differ: a drug with a negotiated
        price costs the lower of that price and the 340B price, never both reductions.
    """
    discount_340b = float(law["policy.p340b.discount"])
    waiting = rebate_cost(law)
    unit_340b = (1.0 - discount_340b) + waiting
    unit_ordinary = 1.0 - discount
    unit_outside = unit_ordinary
    if discount_340b > 0:
        unit_outside = np.where(program.gpo, 1.0 + float(law["finance.purchasing.gpo_loss"]), unit_ordinary)
    share = bought_at_340b(law, discount, program)
    # A hospital that buys nothing at 340B prices has no reason to bear the program's rules.
    elsewhere = np.where(program.eligible & (share <= 0), unit_ordinary, unit_outside)
    inside = share * (drug_dollars if dollars_340b is None else dollars_340b)
    return DrugCosts(
        cost=inside * unit_340b + drug_dollars * (1.0 - share) * elsewhere,
        ordinary=drug_dollars * unit_ordinary,
        at_340b=inside * (1.0 - discount_340b),
        working_capital=inside * waiting,
        share_340b=share,
    )


@dataclass(frozen=True)
class PassedThrough:
    """What hospitals must give patients of their 340B margin, dollars.

    Attributes
    ----------
    to_patients : (sites, payers) float
        Taken off what patients owe for drugs.
    charity : (sites,) float
        The rest: care given away, a cost of the hospital.
    """

    to_patients: Floats
    charity: Floats


def pass_through(law: Values, margin: Floats, owed: Floats) -> PassedThrough:
    """Return what becomes of the share of the 340B margin that the law gives to patients.

    Parameters
    ----------
    margin : (sites,) float
        340B margin; a loss passes nothing.
    owed : (sites, payers) float
        What patients owe for drugs; lowered for all payers in the same proportion, at most to nothing.
    """
    due = float(law["policy.p340b.pass_through"]) * np.maximum(margin, 0.0)
    total = owed.sum(axis=1)
    relief = np.minimum(due, total)
    part = np.divide(relief, total, out=np.zeros_like(total), where=total > 0)
    return PassedThrough(owed * part[:, None], due - relief)


def shared_savings(law: Values, receipts: Floats, cost: Floats) -> Floats:
    """Return what hospitals give back to Medicare of its payments for 340B drugs above their cost, (sites,) dollars.

    Parameters
    ----------
    receipts, cost : (sites,) float
        What Medicare and its patients pay for drugs bought at 340B prices, and what these cost.
    """
    return np.asarray(float(law["policy.p340b.shared_savings"]) * np.maximum(receipts - cost, 0.0))
