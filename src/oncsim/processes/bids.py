"""Bids: what a practice is worth to a buyer, the split, limits, rivals (methods 2g).

Buyer:  ``V_b = annuity * (margin of the practice's patients at the buyer's rates and costs * retention + downstream
+ what the buyer's own patients will be paid more) - integration``, times optimism and noise. Seller: ``V_s``, income and
independence over its horizon. A deal needs ``V_b > V_s``; the price is ``V_s`` plus the seller's Rubinstein share of the
surplus, or what the next buyer would pay where others bid; at most the fair-market-value limit; what the limit keeps out of
the price may travel as pay above the market, up to a limit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.ownership import money
from oncsim.codes import ACADEMIC_CENTER, BARGAINED, HEALTH_SYSTEM, NETWORK, PAYERS
from oncsim.processes.bargaining import bargained
from oncsim.processes.finance import UnitCosts
from oncsim.processes.market_power import level_together
from oncsim.processes.noncompete import seller_freedom
from oncsim.processes.program_340b import could_become_child_site
from oncsim.processes.prospects import annuity
from oncsim.randomness import pair_keys
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


def terms(
    model: OncologyMarket, seller: int, worth: float, asking: float, outside: float = 0.0
) -> tuple[float, float] | None:
    """Return (price, pay uplift) both sides accept, or None: Rubinstein split, fair-market-value limit, pay limit.

    ``outside`` is the most another buyer would pay: as an option outside the talks it counts where it beats the split
    (Binmore, Rubinstein and Wolinsky 1986), and the split as it is where it does not.
    """
    law = model.law
    if round(worth - asking, 9) <= 0:
        return None
    discount = (1.0 + float(law["economy.discount"])) ** -0.25
    price = max(asking + seller_share(discount, discount) * (worth - asking), min(outside, worth))
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
    weighed = near[order[: int(law["health_system.acquisition.targets"])]].tolist()
    weighed = [row for row in weighed if not _tired_of(model, system.row, row)]
    offers = []
    for row in _most_promising(model, system.row, weighed, mine):
        found = value_practice(model, system.row, row, mine)
        _remember_round(model, system.row, row, found is not None)
        if found is not None:
            offers.append(found)
    if not offers:
        return None
    return max(offers, key=lambda one: (round(one.value - one.price, 2), int(orgs.key[one.seller])))


def _tired_of(model: OncologyMarket, buyer: int, practice: int) -> bool:
    """Return whether a buyer leaves a practice alone: so many rounds of talks failed, the last not long ago."""
    rounds, last = model.failed_talks.get((buyer, practice), (0, 0))
    quarters = 4.0 * float(model.law["health_system.acquisition.memory"])
    return rounds >= int(model.law["health_system.acquisition.rounds"]) and model.t - last < quarters


def _remember_round(model: OncologyMarket, buyer: int, practice: int, agreed: bool) -> None:
    """Count a round of talks that failed; forget earlier ones after an agreement or a long pause."""
    rounds, last = model.failed_talks.get((buyer, practice), (0, model.t))
    paused = model.t - last >= 4.0 * float(model.law["health_system.acquisition.memory"])
    if agreed:
        model.failed_talks.pop((buyer, practice), None)
    else:
        model.failed_talks[buyer, practice] = (1 if paused else rounds + 1, model.t)


@dataclass(frozen=True)
class PriceGain:
    """What bargaining adds for a buyer, dollars a year.

    Attributes
    ----------
    practice : float
        The practice's patients at the prices the buyer would get for both, over those of the mean hospital.
    own : float
        The buyer's present patients at prices with the practice over those without.
    rise : float
        Relative rise of the buyer's commercial price with the practice.
    """

    practice: float
    own: float
    rise: float


def price_gain(model: OncologyMarket, buyer: int, practice: int) -> PriceGain:
    """Return what prices bargained for both would be worth to a buyer; zero where prices are not bargained."""
    if not bargained(model):
        return PriceGain(0.0, 0.0, 0.0)
    law, seen = model.law, model.prospects
    hospital = model.orgs.kind[buyer] in (HEALTH_SYSTEM, ACADEMIC_CENTER)
    kept = 1.0 - float(law["finance.hospital.overhead_share"] if hospital else law["finance.office.overhead_share"])
    gained, own, rise = 0.0, 0.0, 0.0
    for position, payer in enumerate(BARGAINED):
        free = 1.0 - float(law["payer.bargaining.scheduled"][PAYERS[payer]])
        alone = level_together(model, seen.positions, position, buyer)
        both = level_together(model, seen.positions, position, buyer, practice)
        # What a hospital is paid is priced at the mean level of hospitals already; what an office is paid, at its own.
        base = (
            float(seen.level[practice, position]) if hospital else level_together(model, seen.positions, position, practice)
        )
        volume = seen.bargained[practice, position] if hospital else seen.receipts[practice, position]
        gained += kept * float(volume) * free * (both - base) / (1.0 - free + free * base)
        mine = float(seen.owned_receipts[buyer, position])
        own += kept * mine * free * (both - alone) / (1.0 - free + free * alone)
        rise = both / alone - 1.0
    return PriceGain(gained, own, rise)


@dataclass(frozen=True)
class Accounts:
    """What a practice's accounts say a buyer would gain, before prices: dollars a year, and dollars in all.

    Attributes
    ----------
    plain, extra_340b, downstream : float
        Margin of its patients as a department, what 340B prices add, downstream care that moves.
    kept : float
        Share of its patients that stays.
    stay : float
        Share of its downstream care that stays.
    factor : float
        Present value of a dollar a year as the buyer believes it.
    integration : float
        Cost of taking it over.
    """

    plain: float
    extra_340b: float
    downstream: float
    kept: float
    stay: float
    factor: float
    integration: float

    def worth(self, practice: float = 0.0, own: float = 0.0) -> float:
        """Return what the practice is worth with so much more a year for its patients and the buyer's own."""
        yearly = self.kept * (self.plain + practice + self.extra_340b) + self.stay * self.downstream + own
        return self.factor * yearly - self.integration


def accounts(model: OncologyMarket, buyer: int, practice: int, hospitals_of_buyer: NDArray[np.int64]) -> Accounts:
    """Return what a practice's accounts say it would bring a system or center."""
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
    leaving = float(law["health_system.acquisition.leak"]) * seller_freedom(model, buyer, practice)
    believed = float(law["health_system.acquisition.optimism"]) * (
        1.0 + float(law["health_system.acquisition.noise"]) * _pair_noise(model, buyer, practice)
    )
    years = float(annuity(float(law["practice.horizon"]), float(law["economy.discount"])))
    return Accounts(
        plain=plain,
        extra_340b=extra_340b,
        downstream=float(seen.downstream_gain[practice]),
        kept=float(law["health_system.acquisition.retention"]) * (1.0 - leaving),
        stay=1.0 - leaving,
        factor=years * believed,
        integration=float(law["health_system.acquisition.integration_cost"]) * float(orgs.headcount[practice]),
    )


def _most_promising(
    model: OncologyMarket, buyer: int, practices: list[int], hospitals_of_buyer: NDArray[np.int64]
) -> list[int]:
    """Return the practices worth a close look: those whose accounts leave most beyond what their owners would ask."""
    asking = model.prospects.asking
    surplus = {row: accounts(model, buyer, row, hospitals_of_buyer).worth() - float(asking[row]) for row in practices}
    ranked = sorted(practices, key=lambda row: (-round(surplus[row], 2), int(model.orgs.key[row])))
    return ranked[: int(model.law["health_system.acquisition.diligence"])]


def value_practice(model: OncologyMarket, buyer: int, practice: int, hospitals_of_buyer: NDArray[np.int64]) -> Target | None:
    """Return the offer a system would make for one practice, or None where there is no deal."""
    seen = model.prospects
    found = accounts(model, buyer, practice, hospitals_of_buyer)
    prices = price_gain(model, buyer, practice)
    worth = found.worth(prices.practice, prices.own)
    agreed = terms(model, practice, worth, float(seen.asking[practice]))
    if agreed is None:
        return None
    price, uplift = agreed
    if price > _means(model, buyer):
        return None
    income = float(seen.yearly_margin[practice]) / max(float(model.orgs.headcount[practice]), 1.0)
    return Target(buyer, practice, price, uplift, worth, _reason(found, prices, uplift, income))


def _pair_noise(model: OncologyMarket, buyer: int, seller: int) -> float:
    key = pair_keys(model.orgs.key[[buyer]], model.orgs.key[[seller]])
    return float(np.clip(model.luck.normal("system.noise", model.t, key)[0], -3.0, 3.0))


def _reason(found: Accounts, prices: PriceGain, uplift: float, income: float) -> str:
    parts = []
    if found.extra_340b > 0:
        parts.append(f"340B prices are worth {money(found.extra_340b)} a year to the buyer")
    parts.append(f"hospital rates less hospital costs {money(found.plain + prices.practice)}")
    parts.append(f"downstream care {money(found.downstream)}")
    if prices.own >= 50_000:
        parts.append(f"better prices for its own patients {money(prices.own)}")
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
    prices = price_gain(model, network.row, practice)
    earnings += prices.practice + prices.own
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


def contested(model: OncologyMarket, first: Target) -> tuple[Target, int]:
    """Return the bid that wins a practice and how many bid: other buyers in reach may hear of a sale in time.

    The buyer to whom the practice is worth most wins, and pays at least what the next would.
    """
    bids = [first, *_rival_bids(model, first)]
    if len(bids) == 1:
        return first, 1
    ranked = sorted(bids, key=lambda one: (-round(one.value, 2), int(model.orgs.key[one.buyer])))
    best, runner_up = ranked[0], ranked[1]
    asking = float(model.prospects.asking[best.seller])
    agreed = terms(model, best.seller, best.value, asking, runner_up.value)
    if agreed is None:
        return best, len(bids)
    price, uplift = agreed
    if price > _means(model, best.buyer):
        price = best.price
    reason = f"{best.reason}; {model.orgs.name[runner_up.buyer]} bid too"
    return replace(best, price=max(price, best.price), uplift=max(uplift, best.uplift), reason=reason), len(bids)


def _rival_bids(model: OncologyMarket, first: Target) -> list[Target]:
    """Return what other systems and centers in reach, and the platform the practice belongs to, would bid."""
    law, orgs, hospitals = model.law, model.orgs, model.hospitals
    chance = float(law["health_system.acquisition.contest"])
    seller = first.seller
    found: list[Target] = []
    if chance <= 0:
        return found
    if law["policy.acquisitions.allowed"] and len(hospitals):
        lat, lon = orgs.lat[seller], orgs.lon[seller]
        miles = great_circle_miles(hospitals.lat, hospitals.lon, lat, lon)
        near = np.unique(hospitals.org[miles <= float(law["health_system.acquisition.miles"])])
        near = near[(orgs.status[near] == 0) & (orgs.starts[near] > 0) & (near != first.buyer)]
        keys = pair_keys(orgs.key[near], np.full(len(near), orgs.key[seller]))
        heard = near[model.luck.uniform("deals.contest", model.t, keys) < chance]
        for buyer in heard.tolist():
            bid = value_practice(model, buyer, seller, np.flatnonzero(hospitals.org == buyer))
            if bid is not None:
                found.append(bid)
    network = int(orgs.network[seller])
    if network >= 0 and network != first.buyer and orgs.investor_owned[network] and orgs.status[network] == 0:
        platform = model.agent(network)
        bid = platform_target(model, platform, seller)  # type: ignore[arg-type]
        if bid is not None:
            found.append(bid)
    return found


def _means(model: OncologyMarket, buyer: int) -> float:
    """Return what a buyer can raise for a purchase: its cash and what lenders give on a year's revenue."""
    orgs, law = model.orgs, model.law
    if orgs.kind[buyer] == NETWORK:
        return float("inf")  # its investors' money is outside the model
    return float(orgs.cash[buyer]) + 4.0 * float(orgs.revenue[buyer]) * float(law["health_system.acquisition.financing"])
