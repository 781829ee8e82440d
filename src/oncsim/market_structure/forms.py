"""What is said of the structure of a market: its markets, its systems, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

QUARTERS_A_YEAR = 4.0


@dataclass(frozen=True)
class OneMarket:
    """One market at the end of a quarter; shares are of the patients who start treatment at the sites there.

    Attributes
    ----------
    id, name : str
    patients : float
        Starting treatment a year: four times the quarter's.
    owners : int
        Owners at the top with any of them.
    hhi, mhhi : float
        HHI of owners and modified HHI, 0 to 10,000; nan where nobody is treated.
    hhi_flow : float
        Mean over the market's zones, by population, of the HHI of whoever treats their people; nan where no zone has any.
    cr4 : float
        Share of the four largest owners.
    largest, largest_name : str
        Organisation with the largest share, empty where nobody is treated.
    largest_share : float
    above_screen : bool
        Whether the HHI exceeds the screen of the merger guidelines in force; False where nobody is treated.
    """

    id: str
    name: str
    patients: float
    owners: int
    hhi: float
    mhhi: float
    hhi_flow: float
    cr4: float
    largest: str
    largest_name: str
    largest_share: float
    above_screen: bool


@dataclass(frozen=True)
class OverMarkets:
    """A mean or median over markets with patients. Units as in :class:`OneMarket`; nan without any."""

    hhi: float
    mhhi: float
    hhi_flow: float
    cr4: float


@dataclass(frozen=True)
class Substitute:
    """Where a system's patients would go without it: ``diversion`` is the part of them who would go here, 0 to 1."""

    id: str
    name: str
    diversion: float


@dataclass(frozen=True)
class OneSystem:
    """An owner at the top with everything it owns.

    Attributes
    ----------
    id, name, kind : str
    patients : float
        Starting treatment at its sites a year: four times the quarter's.
    share : float
        Of all patients who start treatment, 0 to 1.
    willingness : dict of str to float
        What keeping it in the network is worth to each payer that bargains: dollars per standard patient of the system; nan
        where it has none of the payer's patients.
    level : float
        Its commercial price level, in standard contracts (1 is what an office is paid as the registry has it); nan without
        commercial patients.
    largest_zone_share : float
        Its largest share of the treated people of any zone, wherever they are treated.
    largest_zone : str
        Name of that zone, the one with most patients where several have that share.
    substitutes : tuple of Substitute
        Where most of its commercial patients would go without it, largest first, three at most.
    """

    id: str
    name: str
    kind: str
    patients: float
    share: float
    willingness: Mapping[str, float]
    level: float
    largest_zone_share: float
    largest_zone: str
    substitutes: tuple[Substitute, ...]


@dataclass(frozen=True)
class MarketConcentration:
    """Concentration at the end of a quarter.

    Attributes
    ----------
    scenario, quarter : str
    market_type : str
        ``hrr``, ``cbsa``, ``state``, or empty for the zones' own market: hrr where known, else cbsa, else a state's rest.
    screen, screen_change : float
        Merger guidelines in force: HHI above which, and rise beyond which, a deal raises concern.
    bargained : bool
        Whether prices are bargained; where not, levels are those of the class of site.
    patients : float
        Starting treatment a year, at all sites.
    markets : tuple of OneMarket
        One a market of the definition, those with most patients first.
    mean, median : OverMarkets
        Mean by patients and plain median over markets with patients. ``mean.hhi_flow`` needs no markets: it is the mean over
        all zones by population (consolidation.hhi_flow).
    hhi_flow_predicted, hhi_flow_site : float
        Metrics consolidation.hhi_flow_predicted (from travel time alone) and .hhi_flow_site (as sites face it).
    willingness : dict of str to float
        Mean over systems by payer (consolidation.wtp), dollars per standard patient.
    willingness_least : dict of str to float
        What it tends to by payer for a system that nobody would miss; not zero, as some prefer even the smallest.
    systems : tuple of OneSystem
        Every owner with patients, those with most first.
    """

    scenario: str
    quarter: str
    market_type: str
    screen: float
    screen_change: float
    bargained: bool
    patients: float
    markets: tuple[OneMarket, ...]
    mean: OverMarkets
    median: OverMarkets
    hhi_flow_predicted: float
    hhi_flow_site: float
    willingness: Mapping[str, float]
    willingness_least: Mapping[str, float]
    systems: tuple[OneSystem, ...]
