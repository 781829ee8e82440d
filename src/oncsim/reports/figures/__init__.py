"""Figures of the reports: each function takes tables of a run folder and returns a matplotlib ``Figure``."""

from __future__ import annotations

from oncsim.reports.figures.access import access_by_rurality
from oncsim.reports.figures.budget_by_year import budget_by_year
from oncsim.reports.figures.consolidation import consolidation
from oncsim.reports.figures.events_by_year import events_by_year
from oncsim.reports.figures.forest import forest
from oncsim.reports.figures.merger import merger
from oncsim.reports.figures.money import money_by_kind
from oncsim.reports.figures.network import ownership_network
from oncsim.reports.figures.network_map import tie_map
from oncsim.reports.figures.network_over_time import network_over_time
from oncsim.reports.figures.partnerships import partnerships
from oncsim.reports.figures.paths import difference_paths
from oncsim.reports.figures.prices import prices
from oncsim.reports.figures.quality import quality_and_value
from oncsim.reports.figures.settings import care_by_setting
from oncsim.reports.figures.site_map import site_map
from oncsim.reports.figures.spending import spending
from oncsim.reports.figures.zone_effects import beyond_contiguous, zone_effects

__all__ = [
    "access_by_rurality",
    "beyond_contiguous",
    "budget_by_year",
    "care_by_setting",
    "consolidation",
    "difference_paths",
    "events_by_year",
    "forest",
    "merger",
    "money_by_kind",
    "network_over_time",
    "ownership_network",
    "partnerships",
    "prices",
    "quality_and_value",
    "site_map",
    "spending",
    "tie_map",
    "zone_effects",
]
