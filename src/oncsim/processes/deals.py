"""Deals: what a practice is worth to a buyer, the split, limits, review, closing (methods 2g).

Buyer:  ``V_b = annuity * (margin of the practice's patients at the buyer's rates and costs * retention + downstream)
- integration``, times optimism and noise. Seller: ``V_s``, income and independence over its horizon. A deal needs
``V_b > V_s``; the price is ``V_s`` plus the seller's Rubinstein share of the surplus, at most the fair-market-value
limit; what the limit keeps out of the price may travel as pay above the market, up to a limit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.ownership import acquire, money
from oncsim.codes import ACADEMIC_CENTER, NETWORK, PAYER
from oncsim.processes.antitrust import notice, screen
from oncsim.processes.finance import UnitCosts
from oncsim.processes.noncompete import seller_freedom
from oncsim.processes.program_340b import could_become_child_site
from oncsim.processes.prospects import annuity
from oncsim.randomness import pair_keys
from oncsim.state.physicians import full_time_equivalents
from oncsim.state.sums import sum_by
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.agents import HealthSystem, PracticeNetwork
    from oncsim.model import OncologyMarket


def seller_share(seller_discount: float, buyer_discount: float) -> float:
    """Return the seller's share of the surplus in alternating offers, the seller making the first (Rubinstein 1982).

    ``(1 - d_b) / (1 - d_b d_s)`` with discount factors of one round: what is left after the buyer's best answer, so it
    falls with the buyer's patience; close to one half when both are equally, and little, impatient.
    """
    product = buyer_discount * seller_discount
    if product >= 1.0:
        return 0.5
    return (1.0 - buyer_discount) / (1.0 - product)


@dataclass(frozen=True)
class Target:
    """An offer a buyer would make.

    Attributes
    ----------
    buyer, seller : int
        Organisation rows.
    price : float
        Dollars paid at closing.
    uplift : float
        Pay above the market for the planning horizon, as a share.
    value : float
        What the buyer believes the practice is worth to it, dollars.
    reason : str
        What that worth is made of, for the story.
    """

    buyer: int
    seller: int
    price: float
    uplift: float
    value: float
    reason: str


def terms(model: OncologyMarket, seller: int, worth: float, asking: float) -> tuple[float, float] | None:
    """Return (price, pay uplift) both sides accept, or None: Rubinstein split, fair-market-value limit, pay limit."""
    law = model.law
    if round(worth - asking, 9) <= 0:
        return None
    discount = (1.0 + float(law["economy.discount"])) ** -0.25
    price = asking + seller_share(discount, discount) * (worth - asking)
    people = float(max(model.orgs.headcount[seller], 1))
    cap = float(law["health_system.acquisition.price_cap"]) * people
    pay = UnitCosts.of(law).physician * 4.0 * people
    years = annuity(float(law["practice.horizon"]), float(law["economy.discount"]))
    if price <= cap:
        return price, 0.0
    uplift = min((price - cap) / (pay * years), float(law["health_system.acquisition.pay_uplift"]))
    if cap + uplift * pay * years < asking:
        return None
    return cap, uplift


def best_target(model: OncologyMarket, system: HealthSystem) -> Target | None:
    """Return the best of the few practices a buyer weighs, on terms their owners accept, or None."""
    law, orgs, hospitals = model.law, model.orgs, model.hospitals
    mine = np.flatnonzero(hospitals.org == system.row)
    if len(mine) == 0 or orgs.starts[system.row] <= 0:
        return None
    near = model.prospects.near(hospitals.lat[mine], hospitals.lon[mine], float(law["health_system.acquisition.miles"]))
    near = near[(orgs.status[near] == 0) & ~orgs.pending[near]]
    if len(near) == 0:
        return None
    order = model.luck.order(f"system.targets.{orgs.id[system.row]}", model.t, orgs.key[near])
    weighed = near[order[: int(law["health_system.acquisition.targets"])]]
    offers = [found for row in weighed if (found := value_practice(model, system.row, int(row), mine)) is not None]
    if not offers:
        return None
    return max(offers, key=lambda one: (round(one.value - one.price, 2), int(orgs.key[one.seller])))


def value_practice(model: OncologyMarket, buyer: int, practice: int, hospitals_of_buyer: NDArray[np.int64]) -> Target | None:
    """Return the offer a system would make for one practice, or None where there is no deal."""
    law, orgs, hospitals, seen = model.law, model.orgs, model.hospitals, model.prospects
    plain = float(seen.plain[practice])
    if orgs.kind[buyer] == ACADEMIC_CENTER:
        more = float(law["finance.academic.overhead_share"]) - float(law["finance.hospital.overhead_share"])
        plain -= more * float(seen.revenue[practice])
    extra_340b = 0.0
    zones = np.full(len(hospitals_of_buyer), max(int(orgs.zone[practice]), 0))
    program = hospitals_of_buyer[could_become_child_site(model, hospitals_of_buyer, zones)]
    if len(program):
        miles = great_circle_miles(hospitals.lat[program], hospitals.lon[program], orgs.lat[practice], orgs.lon[practice])
        if (miles <= float(law["policy.provider_based.department_miles"])).any():
            extra_340b = float(seen.extra_340b[practice])
    downstream = float(seen.downstream_gain[practice])
    years = annuity(float(law["practice.horizon"]), float(law["economy.discount"]))
    people = float(orgs.headcount[practice])
    leaving = float(law["health_system.acquisition.leak"]) * seller_freedom(model, buyer, practice)
    kept = float(law["health_system.acquisition.retention"]) * (1.0 - leaving)
    yearly = kept * (plain + extra_340b) + downstream * (1.0 - leaving)
    believed = float(law["health_system.acquisition.optimism"]) * (
        1.0 + float(law["health_system.acquisition.noise"]) * _pair_noise(model, buyer, practice)
    )
    worth = float(years * yearly * believed - float(law["health_system.acquisition.integration_cost"]) * people)
    agreed = terms(model, practice, worth, float(seen.asking[practice]))
    if agreed is None:
        return None
    price, uplift = agreed
    means = float(orgs.cash[buyer]) + 4.0 * float(orgs.revenue[buyer]) * float(law["health_system.acquisition.financing"])
    if price > means:
        return None
    reason = _reason(plain, extra_340b, downstream, uplift, float(seen.yearly_margin[practice]) / max(people, 1.0))
    return Target(buyer, practice, price, uplift, worth, reason)


def _pair_noise(model: OncologyMarket, buyer: int, seller: int) -> float:
    key = pair_keys(model.orgs.key[[buyer]], model.orgs.key[[seller]])
    return float(np.clip(model.luck.normal("system.noise", model.t, key)[0], -3.0, 3.0))


def _reason(plain: float, extra_340b: float, downstream: float, uplift: float, income: float) -> str:
    parts = []
    if extra_340b > 0:
        parts.append(f"340B prices are worth {money(extra_340b)} a year to the buyer")
    parts.append(f"hospital rates less hospital costs {money(plain)}")
    parts.append(f"downstream care {money(downstream)}")
    owners = "owners earned" if income >= 0 else "owners fell short of market pay by"
    text = ", ".join(parts) + f"; {owners} {money(abs(income))} each" + (" above market pay" if income >= 0 else "")
    return text + (f"; pay rises {uplift:.0%}" if uplift > 0.005 else "")


def platform_target(model: OncologyMarket, network: PracticeNetwork, practice: int) -> Target | None:
    """Return the offer an investor-owned platform would make for a member: a multiple of earnings after an income cut."""
    law, orgs = model.law, model.orgs
    people = float(orgs.headcount[practice])
    seen = model.prospects
    if people == 0:
        return None
    pay = UnitCosts.of(law).physician * 4.0 * people
    cut = float(law["network.purchase.income_cut"]) * pay
    earnings = (
        float(seen.yearly_margin[practice]) + cut + float(law["network.purchase.synergy"]) * 4.0 * orgs.drug_cost[practice]
    )
    worth = float(law["network.purchase.multiple"]) * max(earnings, 0.0)
    years = annuity(float(law["practice.horizon"]), float(law["economy.discount"]))
    asking = float(seen.asking[practice] + cut * years)
    if round(worth - asking, 9) <= 0:
        return None
    price = asking + 0.5 * (worth - asking)
    reason = (
        f"{law['network.purchase.multiple']:.0f} times earnings of {money(earnings)}; "
        f"owners give up {law['network.purchase.income_cut']:.0%} of pay"
    )
    return Target(network.row, practice, price, 0.0, worth, reason)


@dataclass
class Pending:
    """A deal agreed and waiting to close.

    Attributes
    ----------
    target : Target
    closes : int
        Quarter count at which it closes.
    reviewed : bool
        Whether somebody who may stop it looks at it.
    delay : int
        Quarters that notices and reviews added.
    """

    target: Target
    closes: int
    reviewed: bool
    delay: int = 0


def offer(model: OncologyMarket, target: Target) -> None:
    """Agree on a deal: it closes after a lag, longer where it must be notified or is reviewed."""
    law = model.law
    key = np.array([model.orgs.key[target.seller]], dtype=np.uint64)
    span = int(law["health_system.acquisition.closing"])
    wait = 1 + int(model.luck.uniform("deals.closing", model.t, key)[0] * (2 * span - 1))
    heard = notice(model, target.buyer, target.seller, target.price)
    model.orgs.pending[target.seller] = True
    reviewed = heard.investigated or heard.approval
    model.pending.append(Pending(target, model.t + wait + heard.quarters, reviewed, heard.quarters))
    if heard.state and heard.quarters:
        model.tell(
            "deal_notified",
            target.buyer,
            other=target.seller,
            amount=float(heard.quarters),
            text=f"the acquisition of {{other}} by {{actor}} is notified to {heard.state} and waits",
        )


def deals(model: OncologyMarket) -> None:
    """Clear pending deals: still wanted, not given up while waiting, let through, closed."""
    law, orgs = model.law, model.orgs
    waiting: list[Pending] = []
    for one in model.pending:
        target = one.target
        gone = orgs.status[target.seller] != 0 or orgs.status[target.buyer] != 0
        forbidden = not law["policy.acquisitions.allowed"] and orgs.kind[target.buyer] != NETWORK
        if gone or forbidden:
            orgs.pending[target.seller] = False
            if forbidden and not gone:
                _withdraw(model, target, "such acquisitions are no longer allowed")
            continue
        if one.closes > model.t:
            if _tired(model, one):
                orgs.pending[target.seller] = False
                _withdraw(model, target, "it has waited too long for clearance")
            else:
                waiting.append(one)
            continue
        _close(model, one)
    model.pending = waiting
    count_again(model)


def _withdraw(model: OncologyMarket, target: Target, why: str) -> None:
    model.tell(
        "deal_withdrawn", target.buyer, other=target.seller, text=f"{{actor}} gives up its offer for {{other}}: {why}"
    )


def _tired(model: OncologyMarket, one: Pending) -> bool:
    """Return whether a buyer gives up a deal that would have closed by now but for notices and reviews."""
    if one.delay == 0 or model.t < one.closes - one.delay:
        return False
    key = np.array([model.orgs.key[one.target.seller]], dtype=np.uint64)
    u = model.luck.uniform("deals.give_up", model.t, key)[0]
    return bool(u < float(model.law["health_system.acquisition.give_up"]))


def _close(model: OncologyMarket, one: Pending) -> None:
    """Close a deal that is due, unless it crosses a screen before somebody who may stop it."""
    target = one.target
    found = screen(model, target.buyer, target.seller)
    if one.reviewed and found.flagged:
        model.orgs.pending[target.seller] = False
        model.tell(
            "deal_blocked",
            target.buyer,
            other=target.seller,
            amount=found.share,
            text=f"the acquisition of {{other}} by {{actor}} is blocked: {found.words()}",
        )
        return
    if found.flagged:
        model.tell(
            "merger_flagged",
            target.buyer,
            other=target.seller,
            amount=found.change,
            text=f"the acquisition of {{other}} by {{actor}} crosses the screen of the merger guidelines and nobody who "
            f"could stop it has looked: {found.words()}",
        )
    acquire(model, target.seller, target.buyer, target.price, target.uplift, target.reason)


def count_again(model: OncologyMarket) -> None:
    """Count people and patients by who operates a site now, after everybody has acted; closed sites have nobody.

    What was earned in the quarter stays with those who earned it.
    """
    sites, orgs = model.sites, model.orgs
    sites.oncologists = full_time_equivalents(sites, model.physicians)
    size = len(orgs)
    payers = orgs.kind == PAYER
    for name, values in (("oncologists", sites.oncologists), ("starts", sites.starts.sum(axis=1))):
        setattr(orgs, name, np.where(payers, getattr(orgs, name), sum_by(sites.org, values, size)))
