"""Owners change: acquisitions, re-designation, release, networks, closures, new practices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.places import (
    close_site,
    department_kind,
    nearest_hospital,
    open_site,
    registration_quarter,
)
from oncsim.codes import (
    ACADEMIC_CENTER,
    ACQUIRED,
    ACTIVE,
    BARGAINED,
    CLOSED,
    FREESTANDING,
    HEALTH_SYSTEM,
    HOME,
    HOSPITAL_KINDS,
    NETWORK,
    OFFICE,
    PAYERS,
    PRACTICE,
    among,
)
from oncsim.processes.experience import breach
from oncsim.processes.noncompete import follow
from oncsim.processes.partnership import end_tie, end_ties_of
from oncsim.state.travel import great_circle_miles
from oncsim.ties.ownership import MAJORITY
from oncsim.ties.trust import DISSOLVED

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


_COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))
STILL = 1_000_000  # a stake that is held


def money(amount: float) -> str:
    """Return dollars as people write them: ``$1.2 million``, ``-$40 thousand``."""
    sign = "-" if amount < 0 else ""
    if abs(amount) >= 999_500:
        return f"{sign}${abs(amount) / 1e6:,.1f} million"
    return f"{sign}${abs(amount) / 1e3:,.0f} thousand"


def acquire(model: OncologyMarket, practice: int, buyer: int, price: float, uplift: float, reason: str) -> None:
    """Close an acquisition: ownership and money change hands; hospital rates come with re-designation."""
    orgs, sites = model.orgs, model.sites
    orgs.status[practice] = ACQUIRED
    orgs.owner[practice] = buyer
    orgs.network[practice] = buyer if orgs.kind[buyer] == NETWORK else -1
    orgs.pending[practice] = False
    orgs.acquired_at[practice] = model.t
    orgs.pay_uplift[practice] = uplift
    orgs.uplift_until[practice] = model.t + 4 * int(model.law["practice.horizon"])
    # The owners take the price and the practice's own cash with them.
    orgs.cash[practice] = 0.0
    price = pay_owners(model, practice, buyer, price)
    model.pay_deal(buyer, practice, price)
    mine = (sites.org == practice) & sites.open
    sites.level_before[mine] = model.contracts.level[mine, _COMMERCIAL] / model.office_level()
    if orgs.kind[buyer] in (HEALTH_SYSTEM, ACADEMIC_CENTER):
        lag = int(model.law["health_system.acquisition.redesignation"])
        sites.redesignate_at[mine & ~among(sites.kind, (FREESTANDING, HOME))] = model.t + lag
    inside = orgs.top_owner() == orgs.top_owner()[practice]
    end_ties_of(model, practice, inside, "one now owns the other")
    ties = model.ties
    for row in np.unique(sites.billed_by[(sites.org == practice) & (sites.billed_by >= 0)]):
        end_tie(model, int(row), "one of them was bought by somebody else")
    betrayed = np.flatnonzero(
        (ties.stage != DISSOLVED) & ((ties.a == practice) | (ties.b == practice)) & (ties.a != buyer) & (ties.b != buyer)
    )
    if len(betrayed):
        breach(model, betrayed, float(model.law["partnership.trust.acquisition_breach"]))
    people = int(orgs.headcount[practice])
    paid = f"for {money(price)}" if price > 0 else "without a price"
    model.tell(
        "acquisition",
        buyer,
        other=practice,
        amount=price,
        text=f"{{actor}} acquires {{other}} ({people} oncologist{'' if people == 1 else 's'}) {paid}: {reason}",
    )


def pay_owners(model: OncologyMarket, practice: int, buyer: int, price: float) -> float:
    """Pay a price to all who own a practice; return what the buyer pays, which owns its own stake already.

    Holders of stakes are paid their part and have none left; the physicians get the rest.
    """
    orgs, stakes = model.orgs, model.stakes
    mine = np.flatnonzero(stakes.living(model.t) & (stakes.held == practice))
    for row in mine:
        if stakes.holder[row] != buyer:
            orgs.cash[stakes.holder[row]] += price * stakes.owner_share[row]
    held = float(stakes.owner_share[mine[stakes.holder[mine] == buyer]].sum())
    stakes.ended[mine] = model.t
    paid = price * (1.0 - min(held, 1.0))
    orgs.cash[buyer] -= paid
    return paid


def take_stake(model: OncologyMarket, practice: int, holder: int, own: float, say: float, price: float) -> None:
    """Let an organisation buy a part of a practice; with more than half of the say it becomes the owner.

    Parts beyond the whole cannot be had: what others hold already limits them.
    """
    orgs, stakes = model.orgs, model.stakes
    if holder == practice or orgs.owner[practice] >= 0 or orgs.status[practice] != ACTIVE:
        return
    living = np.flatnonzero(stakes.living(model.t) & (stakes.held == practice))
    own = min(own, 1.0 - float(stakes.owner_share[living].sum()))
    say = min(say, 1.0 - float(stakes.control_share[living].sum()))
    mine = living[stakes.holder[living] == holder]
    if len(mine) == 0:
        mine = np.array([stakes.append(1, id=f"{orgs.id[holder]}~{orgs.id[practice]}~stake", holder=holder, held=practice)])
        stakes.since[mine] = model.t
    stakes.owner_share[mine[0]] += own
    stakes.control_share[mine[0]] += say
    orgs.cash[holder] -= price
    model.pay_deal(holder, practice, price)
    model.tell(
        "stake",
        holder,
        other=practice,
        amount=price,
        text=f"{{actor}} takes {own:.0%} of {{other}} with {say:.0%} of control for {money(price)}",
    )
    if float(stakes.control_share[mine[0]]) > MAJORITY:
        _take_control(model, practice, holder)


def _take_control(model: OncologyMarket, practice: int, holder: int) -> None:
    """Make the holder of most control the owner; who else owns a part keeps it."""
    stakes = model.stakes
    kept = np.flatnonzero(stakes.living(model.t) & (stakes.held == practice))
    acquire(model, practice, holder, 0.0, 0.0, "it holds more than half of control")
    stakes.ended[kept] = STILL


def redesignate_due(model: OncologyMarket) -> None:
    """Turn acquired offices that are due into departments of the buyer's hospital: the rate table changes at once."""
    sites, orgs = model.sites, model.orgs
    due = np.flatnonzero((sites.redesignate_at >= 0) & (sites.redesignate_at <= model.t) & sites.open)
    for site in due:
        practice = int(sites.org[site])
        buyer = int(orgs.owner[practice])
        sites.redesignate_at[site] = -1
        if buyer < 0:
            continue
        hospital = nearest_hospital(model, buyer, float(sites.lat[site]), float(sites.lon[site]))
        sites.org[site] = buyer
        sites.hospital[site] = hospital
        sites.kind[site] = department_kind(model, buyer, int(site), hospital)
        sites.excepted[site] = bool(model.law["policy.site_neutral.new_sites_excepted"])
        sites.registered_from[site] = registration_quarter(model, hospital)
        eligible = hospital >= 0 and bool(model.hospitals.participates[hospital])
        model.tell(
            "redesignation",
            buyer,
            other=practice,
            site=int(site),
            text=f"{sites.name[site]} becomes a department of {{actor}}"
            + (" and will buy drugs at 340B prices" if eligible and sites.registered_from[site] < 1_000_000 else ""),
        )
    _close_overlaps(model, due)
    if len(due):
        model.forget_layout()


def _close_overlaps(model: OncologyMarket, due: NDArray[np.int64]) -> None:
    """Let a buyer close an acquired site next to one it runs already, where that one has room for its patients."""
    sites, law = model.sites, model.law
    chance = float(law["health_system.acquisition.overlap_closes"])
    for site in due[model.luck.uniform("deals.overlap", model.t, sites.key[due]) < chance] if len(due) else due:
        owner = int(sites.org[site])
        sisters = np.flatnonzero((sites.org == owner) & sites.open & (sites.oncologists > 0))
        sisters = sisters[sisters != site]
        if len(sisters) == 0 or model.orgs.kind[owner] == PRACTICE:
            continue
        miles = great_circle_miles(sites.lat[sisters], sites.lon[sisters], sites.lat[site], sites.lon[site])
        people, busy = sites.oncologists, sites.load * sites.oncologists
        near = miles <= float(law["health_system.acquisition.overlap_miles"])
        near &= busy[sisters] + busy[site] <= people[sisters] + people[site]
        if near.any():
            nearest = int(sisters[near][np.lexsort((sites.key[sisters][near], miles[near]))[0]])
            close_site(model, int(site), f"{sites.name[nearest]} is {miles[near].min():.1f} miles away and has room")


def release_practice(model: OncologyMarket, practice: int, reason: str) -> None:
    """Give a practice back to its physicians: offices again, office rates, independent."""
    orgs, sites = model.orgs, model.sites
    owner = int(orgs.owner[practice])
    mine = np.flatnonzero((sites.origin == practice) & ((sites.org == owner) | (sites.org == practice)))
    hospital = among(sites.kind[mine], HOSPITAL_KINDS)
    sites.org[mine] = practice
    sites.kind[mine[hospital]] = OFFICE
    sites.hospital[mine] = -1
    sites.redesignate_at[mine] = -1
    sites.level_before[mine] = np.nan
    orgs.status[practice] = ACTIVE
    orgs.owner[practice] = -1
    orgs.network[practice] = -1
    ended = model.stakes.living(model.t) & (model.stakes.held == practice)
    model.stakes.ended[ended] = model.t
    orgs.pay_uplift[practice] = 0.0
    orgs.loss_quarters[practice] = 0
    orgs.quarters[practice] = 0
    model.forget_layout()
    model.tell(
        "divestiture",
        owner,
        other=practice,
        text=f"{{actor}} lets {{other}} go back to independence: {reason}",
    )


def close_practice(model: OncologyMarket, practice: int, reason: str) -> None:
    """Close a practice and all its sites."""
    orgs, sites = model.orgs, model.sites
    for site in np.flatnonzero((sites.org == practice) & sites.open):
        close_site(model, int(site), reason, quiet=True)
    people = np.isin(model.physicians.site, np.flatnonzero(sites.org == practice))
    if people.any():
        looking = model.region[sites.zone[model.physicians.site[people]]]
        np.add.at(model.recruits, looking, 1.0)
        model.physicians.keep(~people)
    orgs.status[practice] = CLOSED
    orgs.cash[practice] = 0.0
    orgs.owner[practice] = orgs.network[practice] = -1
    orgs.pending[practice] = False
    model.tell("closure", practice, text=f"{{actor}} closes: {reason}")
    end_ties_of(model, practice, None, "one of them has closed")


def join_network(model: OncologyMarket, practice: int, network: int, reason: str) -> None:
    """Make a practice a member of a network; it stays independent."""
    model.orgs.network[practice] = network
    model.orgs.joined_at[practice] = model.t
    model.tell("network_join", practice, other=network, text=f"{{actor}} joins {{other}}: {reason}")


def found_network(model: OncologyMarket, founder: int, members: list[int], reason: str) -> int:
    """Let practices found a physician-owned network and join it; return its row."""
    orgs, zones = model.orgs, model.zones
    zone = int(orgs.zone[founder])
    place = str(zones.names[zone]).split(",")[0]
    row = model.add_organization(
        f"network+{orgs.id[founder]}+{model.quarter}", f"{place} Oncology Network {model.quarter}", NETWORK, zone
    )
    orgs.lat[row], orgs.lon[row] = orgs.lat[founder], orgs.lon[founder]
    model.tell("network_founded", row, other=founder, text="{other} calls its neighbours together and founds {actor}")
    for member in members:
        join_network(model, member, row, reason)
    return row


def leave_network(model: OncologyMarket, practice: int, reason: str) -> None:
    """End a practice's membership."""
    network = int(model.orgs.network[practice])
    if network < 0:
        return
    model.orgs.network[practice] = -1
    model.tell("network_leave", practice, other=network, text=f"{{actor}} leaves {{other}}: {reason}")


def resell_platform(model: OncologyMarket, network: int) -> None:
    """Sell an investor-owned platform to other investors; some oncologists of the practices it owns leave."""
    orgs, sites, law = model.orgs, model.sites, model.law
    orgs.acquired_at[network] = model.t
    owned = np.flatnonzero(orgs.owner == network)
    people = np.flatnonzero(np.isin(model.physicians.site, np.flatnonzero(np.isin(sites.org, owned))))
    u = model.luck.uniform("network.departures", model.t, model.physicians.key[people])
    leaving = people[u < float(law["network.resale.departures"])]
    np.add.at(model.recruits, model.region[sites.zone[model.physicians.site[leaving]]], 1.0)
    keep = np.ones(len(model.physicians), dtype=np.bool_)
    keep[leaving] = False
    model.physicians.keep(keep)
    model.tell(
        "platform_resale",
        network,
        amount=float(len(leaving)),
        text=f"{{actor}} is sold to new investors after {law['network.resale.years']:.0f} years or more; "
        f"{len(leaving)} oncologist{'' if len(leaving) == 1 else 's'} leave",
    )


def found_practice(model: OncologyMarket, physician: int) -> None:
    """Let an employed oncologist leave and open a practice in the same zone, where independents make a living."""
    people, sites, orgs, zones = model.physicians, model.sites, model.orgs, model.zones
    row = int(np.flatnonzero(people.key == np.uint64(physician))[0])
    zone = int(sites.zone[people.site[row]])
    independent = np.flatnonzero((orgs.kind == PRACTICE) & (orgs.status == ACTIVE) & (orgs.headcount > 0))
    market = independent[zones.market[orgs.zone[independent]] == zones.market[zone]]
    if len(market):
        income = float(orgs.margin_history[market, -4:].mean(axis=1).sum() * 4.0 / orgs.headcount[market].sum())
    else:
        income = 0.0
    autonomy = model.draw_autonomy(np.array([physician], dtype=np.uint64), np.array([1.0]))[0]
    if round(income + autonomy, 9) <= 0:
        return
    old = int(orgs.top_owner()[sites.org[people.site[row]]])
    name = f"{zones.names[zone].split(',')[0]} Independent Oncology {model.quarter}"
    org = model.add_organization(
        f"practice+{zones.ids[zone]}+{physician:x}+{model.quarter}", name, PRACTICE, zone, autonomy=float(autonomy)
    )
    site = open_site(model, org, zone, OFFICE, chairs=5.0, people=0, reason=f"an oncologist leaves {orgs.name[old]}")
    left = int(people.site[row])
    follow(model, left, site, int((people.site == left).sum()))
    people.site[row] = site
    orgs.headcount[org] = 1
    model.tell(
        "practice_founded",
        org,
        other=old,
        site=site,
        text=f"an oncologist leaves {{other}} and founds {{actor}}: independents nearby earn about "
        f"{money(income)} above market pay"
        if income >= 0
        else "an oncologist leaves {other} and founds {actor}, worth more in independence than it costs in income",
    )
