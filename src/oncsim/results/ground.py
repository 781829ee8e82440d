"""On what ground a run played: real counties or invented places, and who its organisations are."""

from __future__ import annotations


def on_a_plane(market: object) -> bool:
    """Return whether a market has invented places on a plane: the section of a resolved scenario, or of a manifest."""
    if not isinstance(market, dict):
        return False
    if "plane" in market:
        return bool(market["plane"])
    return market.get("source") == "archetype" or (market.get("source") == "composed" and bool(market.get("zones")))


def who_is_real(market: object) -> str:
    """Return what of the market is real, in a sentence; empty where that is not known."""
    source = market.get("source") if isinstance(market, dict) else ""
    if source == "composed":
        deeds = "organisations are written out in the scenario, and what they do is simulated."
        return f"Places and {deeds}" if on_a_plane(market) else f"Counties are real; {deeds}"
    return {
        "embedded": "Counties are real; providers are generated to published totals, so no organisation stands for a real "
        "one unless it bears the name of a designated cancer center.",
        "files": "Zones and providers come from the tables named in the scenario, completed as noted below.",
        "archetype": "The market is a teaching market on a plane: its places and organisations are made up.",
    }.get(str(source), "")
