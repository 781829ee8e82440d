"""Payers: members by zone, contracts, networks, site-of-service rules."""

from __future__ import annotations

from oncsim.agents.organization import Organization
from oncsim.codes import HOSPITAL_KINDS, OFFICE, PAYER_LABELS, PAYERS, among
from oncsim.processes.payment import infusion_price

LABELS = PAYER_LABELS


class Payer(Organization):
    """One line of insurance in the market; ``code`` is its place in ``PAYERS``."""

    code: int = 0

    def announce_network(self, org: int, inside: bool, gains: bool = True) -> None:
        """Tell that an organisation has left or come back to its network; ``gains`` is whether any price would do."""
        label = LABELS[self.code]
        failed = "terms could not be agreed" if gains else "no price leaves both better off"
        self.model.tell(
            "network_return" if inside else "network_exit",
            org,
            other=self.row,
            text=f"{{actor}} {'is back in' if inside else 'falls out of'} the {label} network: "
            f"{'terms were agreed' if inside else failed}",
        )

    def price_ratio(self) -> float:
        """Return its mean price of an infusion in hospital departments over that in offices, by site."""
        sites = self.model.sites
        price = infusion_price(self.model.law, self.model.rates, self.code)
        known = len(price)  # a site opened this quarter has no price yet
        priced = sites.open[:known] & (price > 0)
        hospital = priced & among(sites.kind[:known], HOSPITAL_KINDS)
        office = priced & (sites.kind[:known] == OFFICE)
        if not hospital.any() or not office.any():
            return 1.0
        return float(price[hospital].mean() / price[office].mean())

    def decide(self) -> None:
        """Once a year extend the site-of-service rule where hospitals cost it much more than offices."""
        model, law = self.model, self.model.law
        if model.quarter.number != 1 or float(law["payer.site_rule.start"][PAYERS[self.code]]) <= 0:
            return
        share = float(model.site_rule[self.code])
        ceiling = float(law["payer.site_rule.ceiling"])
        ratio = self.price_ratio()
        if share >= ceiling or ratio <= float(law["payer.site_rule.price_ratio"]):
            return
        now = min(share + float(law["payer.site_rule.growth"]), ceiling)
        model.site_rule[self.code] = now
        if int(now * 20 + 1e-9) > int(share * 20 + 1e-9):
            label = LABELS[self.code]
            model.tell(
                "site_rule",
                self.row,
                amount=now,
                text=f"{now:.0%} of {label} members are now under a rule that steers infusions out of hospital "
                f"departments, which cost {ratio:.2f} times an office",
            )
