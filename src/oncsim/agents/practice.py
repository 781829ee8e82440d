"""Independent practices: stay independent while margin and morale allow; weigh money and autonomy."""

from __future__ import annotations

import numpy as np

from oncsim.actions.ownership import close_practice, found_network, join_network, leave_network, money
from oncsim.actions.places import close_idle_sites, open_branch, site_setup_cost
from oncsim.actions.visiting import open_visiting_clinic
from oncsim.agents.organization import Organization
from oncsim.codes import NETWORK, PRACTICE
from oncsim.processes.finance import UnitCosts
from oncsim.processes.privileges import without_hospital
from oncsim.state.travel import great_circle_miles


class IndependentPractice(Organization):
    """A practice owned by its physicians (or, once acquired, by its buyer; then it no longer decides)."""

    @property
    def size(self) -> int:
        """Oncologists of the practice."""
        return int(self.model.orgs.headcount[self.row])

    def decide(self) -> None:
        """Review options: close, change network, open a site. Selling answers an offer (see ``deals``)."""
        if not self.active or self.model.orgs.pending[self.row]:
            return
        if self.consider_closing():
            return
        if not self.lucky("practice.review", float(self.model.law["practice.review.yearly"])):
            return
        if self.model.orgs.network[self.row] >= 0:
            self.consider_leaving_network()
        else:
            self.consider_joining_network()
        self.consider_opening_site()
        self.consider_visiting_clinic()

    def consider_visiting_clinic(self) -> None:
        """See patients of a place far from any oncologist on some days of the month."""
        if self.size >= 3 and self.lucky("practice.visiting", float(self.model.law["practice.visiting.yearly"])):
            open_visiting_clinic(self.model, self.row)

    def consider_closing(self) -> bool:
        """Close after a long run of losses, or with nobody left to practise; return whether it closed."""
        model, law = self.model, self.model.law
        sites = self.sites() if model.prospects.idle[self.row] else None
        if sites is not None and len(sites) and not (model.sites.idle_quarters[sites] > 4).all():
            close_idle_sites(model, sites)
        elif sites is not None:
            close_practice(model, self.row, "its last oncologist had left and nobody took over")
            return True
        if int(without_hospital(model)[self.row]) >= 8 and self.lucky(
            "practice.no_hospital", float(law["practice.no_hospital.yearly"])
        ):
            close_practice(model, self.row, "it was shut out of its hospital two years ago and no other took it in")
            return True
        if model.orgs.loss_quarters[self.row] < int(law["practice.close.quarters"]):
            return False
        if not self.lucky("practice.close", float(law["practice.close.yearly"])):
            return False
        shortfall = -float(model.prospects.yearly_margin[self.row]) / max(self.size, 1)
        close_practice(
            model,
            self.row,
            f"owners had earned about {money(max(shortfall, 0.0))} a year each less than market pay "
            f"for {int(model.orgs.loss_quarters[self.row])} quarters",
        )
        return True

    def network_gain(self) -> float:
        """Return what membership in a network adds in a year."""
        return float(self.model.prospects.network_gain[self.row])

    def consider_joining_network(self) -> None:
        """Join a network that is near and invites, when it pays."""
        model, law = self.model, self.model.law
        if self.size == 0:
            return
        invited = self.lucky("network.invite", float(law["network.recruit.yearly"]))
        founds = self.lucky("network.found", float(law["network.found.yearly"]))
        if not invited and not founds:
            return
        network = self.nearest_network()
        if network < 0 and founds:
            self.consider_founding_network()
        if network < 0 or not invited:
            return
        gain = self.network_gain()
        pay = UnitCosts.of(law).physician * 4.0
        error = float(law["practice.noise"]) * pay * self.noise("network.noise") / np.sqrt(max(self.size, 1))
        if round(gain + error, 9) <= 0:
            return
        believed = f"its owners believe it worth {money(gain + error)} a year, control given up counted"
        join_network(model, self.row, network, believed)

    def consider_founding_network(self) -> None:
        """Call neighbours together to found a network, where enough of them would gain from one."""
        model, law, orgs = self.model, self.model.law, self.model.orgs
        alone = (orgs.kind == PRACTICE) & (orgs.status == 0) & (orgs.network < 0) & ~orgs.pending & (orgs.headcount > 0)
        miles = great_circle_miles(orgs.lat, orgs.lon, orgs.lat[self.row], orgs.lon[self.row])
        known = np.arange(len(orgs)) < len(model.prospects.network_gain)
        near = np.flatnonzero(alone & known & (miles <= float(law["network.recruit.miles"])))
        gaining = near[np.round(model.prospects.network_gain[near], 9) > 0]
        if self.row in gaining and len(gaining) >= int(law["network.found.least"]):
            order = np.lexsort((orgs.key[gaining], miles[gaining]))
            first = gaining[order][: int(law["network.found.least"])].tolist()
            found_network(model, self.row, first, "each buys drugs and services for less together")

    def nearest_network(self) -> int:
        """Return the row of the network with a member nearest to the practice, or -1 where none is in reach."""
        model = self.model
        orgs = model.orgs
        members = np.flatnonzero((orgs.network >= 0) & (orgs.status <= 1))
        seats = np.flatnonzero((orgs.kind == NETWORK) & (orgs.status == 0))
        if len(seats) == 0:
            return -1
        rows = np.concatenate([members, seats])
        miles = great_circle_miles(orgs.lat[rows], orgs.lon[rows], orgs.lat[self.row], orgs.lon[self.row])
        best = int(np.lexsort((orgs.key[rows], miles))[0])
        if miles[best] > float(model.law["network.recruit.miles"]):
            return -1
        found = int(rows[best])
        return found if orgs.kind[found] == NETWORK else int(orgs.network[found])

    def consider_leaving_network(self) -> None:
        """Leave when membership no longer pays."""
        gain = self.network_gain()
        if gain < 0 and self.lucky("network.leave", float(self.model.law["network.leave.yearly"])):
            leave_network(self.model, self.row, f"it cost {money(-gain)} a year more than it brought")

    def consider_opening_site(self) -> None:
        """Open another office where its patients come from, when crowded and with cash."""
        model, law = self.model, self.model.law
        if self.size < 2:
            return
        load = float(model.prospects.load[self.row])
        cost = site_setup_cost(model)
        if load < float(law["practice.open.load"]) or model.orgs.cash[self.row] < cost:
            return
        if self.lucky("practice.open", float(law["practice.open.yearly"])):
            open_branch(model, self.row, float(law["practice.open.miles"]), "its sites are full")
