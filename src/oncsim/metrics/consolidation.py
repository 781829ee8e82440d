"""Consolidation: who owns the sites where patients are treated."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, FREESTANDING, HOME, HOSPITAL_KINDS, OFFICE, PAYERS, among
from oncsim.competition.concentration import Holdings
from oncsim.metrics.registry import INTERFACE, Row, metric
from oncsim.metrics.view import View
from oncsim.state.sums import sum_by

_GUIDELINES = "Herfindahl-Hirschman index on the scale of the 2023 Merger Guidelines; " + INTERFACE
_MARKETS = (
    "An owner is the top of the chain of ownership over the organisation that operates a site, at the end "
    "of the quarter. A site counts in the market it stands in. Empty group: hospital referral region "
    "where known, else metropolitan area, else the rest of the state; `market_type=` takes one definition "
    "throughout."
)


def _over_markets(
    view: View,
    of: Callable[[Holdings], NDArray[np.float64]],
    single: bool,
    median: bool = False,
    by_organization: bool = False,
) -> Iterator[Row]:
    """Yield the patient-weighted mean (or plain median) over markets, and each market if ``single``."""
    for kind, group in view.market_kinds():
        ids, held = view.organization_holdings(kind) if by_organization else view.holdings(kind)
        some = np.flatnonzero(held.totals > 0)
        if len(some) == 0:
            continue
        values = of(held)
        weighted = (values[some] * held.totals[some]).sum() / held.totals[some].sum()
        yield "all", group, float(np.median(values[some]) if median else weighted)
        if single and kind == "":
            for market in some:
                yield ids[market], "", float(values[market])


@metric(
    "consolidation.hhi",
    title="Market concentration (HHI)",
    definition="10,000 times the sum of the squares of the owners' shares of patients starting treatment "
    "at the sites in a market; mean over markets weighted by those patients. Only treated patients are in "
    "the denominator. " + _MARKETS,
    unit="HHI",
    groups=("market_type",),
    source=_GUIDELINES,
    by_market=True,
)
def hhi(view: View) -> Iterator[Row]:
    """Return the HHI of markets."""
    return _over_markets(view, Holdings.hhi, single=True)


@metric(
    "consolidation.hhi_median",
    title="Concentration of the median market (HHI)",
    definition="Plain median over markets with treated patients of the HHI that consolidation.hhi takes the mean of.",
    unit="HHI",
    groups=("market_type",),
    source=_GUIDELINES,
)
def hhi_median(view: View) -> Iterator[Row]:
    """Return the HHI of the median market."""
    return _over_markets(view, Holdings.hhi, single=False, median=True)


@metric(
    "consolidation.cr4",
    title="Share of the four largest owners",
    definition="Share of the four largest owners in the patients starting treatment at the sites in a "
    "market; mean over markets weighted by those patients. " + _MARKETS,
    unit="share",
    groups=("market_type",),
)
def cr4(view: View) -> Iterator[Row]:
    """Return the share of the four largest owners."""
    return _over_markets(view, lambda held: held.largest(4), single=False)


@metric(
    "consolidation.hhi_flow",
    title="Concentration where patients live (flow HHI)",
    definition="For each zone, 10,000 times the sum of the squares of the top owners' shares of the "
    "people of the zone who started treatment, wherever they went, all payers and needs; mean over zones "
    "weighted by population. Zones where nobody started are left out.",
    unit="HHI",
)
def hhi_flow(view: View) -> Iterator[Row]:
    """Return the mean of the zones' HHI."""
    some = ~np.isnan(view.zone_hhi)
    people = view.model.zones.population[some]
    if people.sum() > 0:
        yield "all", "", float((view.zone_hhi[some] * people).sum() / people.sum())


@metric(
    "consolidation.mhhi",
    title="Market concentration with partial ownership (modified HHI)",
    definition="10,000 times the sum over organisations k and j of [sum over holders i of g_ik b_ij / sum over i of "
    "g_ik b_ik] s_k s_j, with shares s of patients starting treatment at the sites in a market, ownership b and control g "
    "of the holders of stakes, partnerships, memberships and of whole organisations, through chains. Equal to "
    "consolidation.hhi where every organisation has one owner with all profit and control; where partners share these it is "
    "higher, even above 10,000 where those in control have little of the profit. Mean over markets weighted by patients. "
    "Partners' shares by form are partnership.owner_share and .control_share. " + _MARKETS,
    unit="HHI",
    groups=("market_type",),
    source="O'Brien and Salop 2000; methods 2c",
    by_market=True,
)
def mhhi(view: View) -> Iterator[Row]:
    """Return the modified HHI of markets."""
    from oncsim.competition.control import weighted_hhi  # imports scipy: not to list metrics

    def of(held: Holdings) -> NDArray[np.float64]:
        return weighted_hhi(held.market, held.owner, held.patients, view.profit_weights, held.markets)

    return _over_markets(view, of, single=True, by_organization=True)


@metric(
    "consolidation.wtp",
    title="Willingness to pay for the mean system",
    definition="What keeping a system in its network is worth to a payer, a standard patient of that system: the loss of "
    "expected utility of its members without the system's sites, W over q, times what a util is worth to the payer, "
    "times the value of a standard patient by the standard contract; mean over systems weighted by their standard patients. "
    "Systems are owners at the top. Leverage is worked out once a year and where ownership or sites changed.",
    unit="dollars per standard patient",
    groups=("payer",),
    source="Capps, Dranove and Satterthwaite 2003; methods 2c",
)
def wtp(view: View) -> Iterator[Row]:
    """Return the mean willingness to pay for a system, by payer."""
    model = view.model
    if not hasattr(model, "market_power"):
        return
    power = model.market_power
    for position, payer in enumerate(BARGAINED):
        one = power.leverage[position]
        total = one.patients.sum()
        if total > 0:
            utils = one.willingness.sum() / total
            yield "all", f"payer={PAYERS[payer]}", float(power.value[position] * utils * power.worth[position])


@metric(
    "consolidation.hhi_flow_predicted",
    title="Concentration where patients live, predicted from travel (flow HHI)",
    definition="As consolidation.hhi_flow, with the shares that travel time alone would give: every staffed site equally "
    "attractive, travel as standard need feels it. Quality and steering then do not drive measured competition.",
    unit="HHI",
    source="the device of Kessler and McClellan 2000; methods 2c",
)
def hhi_flow_predicted(view: View) -> Iterator[Row]:
    """Return the mean of the zones' predicted HHI."""
    some = ~np.isnan(view.zone_hhi_predicted)
    people = view.model.zones.population[some]
    if people.sum() > 0:
        yield "all", "", float((view.zone_hhi_predicted[some] * people).sum() / people.sum())


@metric(
    "consolidation.hhi_flow_site",
    title="Concentration where the patients of a site come from (flow HHI)",
    definition="For each site, the mean of the zones' HHI (as in consolidation.hhi_flow) weighted by the "
    "patients the site draws from each zone; plain mean over the sites that drew patients. Weighted by "
    "patients it would be the mean over zones again, only with other weights.",
    unit="HHI",
    source="patient-flow markets, model description: concentration",
)
def hhi_flow_site(view: View) -> Iterator[Row]:
    """Return the mean over sites of the concentration they face."""
    pairs, started = view.model.pairs, view.model.flows.pair_started
    sites = len(view.model.sites)
    drawn = sum_by(pairs.site, started, sites)
    faced = sum_by(pairs.site, started * np.nan_to_num(view.zone_hhi)[pairs.zone], sites)
    some = drawn > 0
    if some.any():
        yield "all", "", float((faced[some] / drawn[some]).mean())


@metric(
    "consolidation.practices_independent",
    title="Independent practices",
    definition="Organisations of kind practice that are active and have no owner. Members of a "
    "services-only network count as independent.",
    unit="practices",
)
def practices_independent(view: View) -> Iterator[Row]:
    """Return the number of independent practices."""
    yield "all", "", float(view.independent.sum())


@metric(
    "consolidation.share_oncologists_independent",
    title="Share of oncologists in independent practices",
    definition="Oncologists (full-time equivalents, as in the organisations table) of independent "
    "practices, of those of all organisations.",
    unit="share",
)
def share_oncologists_independent(view: View) -> Iterator[Row]:
    """Return the share of oncologists who work in independent practices."""
    oncologists = view.model.orgs.oncologists
    if oncologists.sum() > 0:
        yield "all", "", float(oncologists[view.independent].sum() / oncologists.sum())


@metric(
    "consolidation.hopd_share_infusions",
    title="Hospital share of infusions",
    definition="Infusions at hospital outpatient departments and academic sites (hopd_*, amc_*), of those "
    "plus infusions in offices. Freestanding, home and telehealth sites are in neither part.",
    unit="share",
)
def hopd_share_infusions(view: View) -> Iterator[Row]:
    """Return the hospital share of infusions."""
    kind = view.model.sites.kind
    hospital = view.infusions[among(kind, HOSPITAL_KINDS)].sum()
    both = hospital + view.infusions[kind == OFFICE].sum()
    if both > 0:
        yield "all", "", float(hospital / both)


@metric(
    "consolidation.freestanding_share_infusions",
    title="Share of infusions outside hospitals and offices",
    definition="Infusions at freestanding infusion centers and at home, of all infusions.",
    unit="share",
)
def freestanding_share_infusions(view: View) -> Iterator[Row]:
    """Return the share of infusions at freestanding centers and at home."""
    if view.infusions.sum() > 0:
        away = among(view.model.sites.kind, (FREESTANDING, HOME))
        yield "all", "", float(view.infusions[away].sum() / view.infusions.sum())


@metric(
    "consolidation.share_340b_infusions",
    title="340B share of infusions",
    definition="Infusions at sites whose drugs can be bought at 340B prices, of all infusions.",
    unit="share",
)
def share_340b_infusions(view: View) -> Iterator[Row]:
    """Return the share of infusions at 340B sites."""
    if view.infusions.sum() > 0:
        yield "all", "", float(view.infusions[view.model.sites.eligible_340b].sum() / view.infusions.sum())


def _completed(event: str) -> Callable[[View], Iterator[Row]]:
    def compute(view: View) -> Iterator[Row]:
        yield "all", "", float(view.model.counts.get(event, 0))

    return compute


for _name, _event, _title, _definition in (
    ("acquisitions", "acquisition", "Acquisitions", "Purchases of an organisation completed in the quarter."),
    ("closures", "closure", "Closures", "Closures completed in the quarter."),
    (
        "divestitures",
        "divestiture",
        "Divestitures",
        "Sales or releases of oncology completed in the quarter.",
    ),
    ("network_joins", "network_join", "Network joins", "Practices that joined a network in the quarter."),
    (
        "flagged_mergers",
        "merger_flagged",
        "Flagged mergers",
        "Acquisitions completed in the quarter that cross the screen of the merger guidelines in force, in the market "
        "of the seller's seat. Deals that were stopped are not counted.",
    ),
):
    metric(f"consolidation.{_name}", title=_title, definition=_definition, unit=_title.lower())(_completed(_event))
