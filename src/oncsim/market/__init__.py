"""Markets: what a place holds at the start: embedded geography, the user's files, an archetype, or as a scenario says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.market.spec import AnyMarket

__all__ = ["build_market"]


def build_market(spec: AnyMarket, folder: Path) -> Market:
    """Build the market that the ``market:`` section of a scenario asks for, and check it.

    Parameters
    ----------
    spec : EmbeddedMarket, FilesMarket, ArchetypeMarket or ComposedMarket
        The section, validated.
    folder : pathlib.Path
        Folder of the scenario file, from which the user's tables are found.

    Raises
    ------
    InputError
        When a place, state or table of the section is wrong; every fault at once.
    """
    # Each source imports pandas and its tables only when it is asked for.
    from oncsim.market.check import check_market

    market = _build(spec, folder)
    check_market(market)
    return market


def _build(spec: AnyMarket, folder: Path) -> Market:
    if spec.source == "embedded":
        from oncsim.market.embedded import build_embedded

        return build_embedded(spec)
    if spec.source == "archetype":
        from oncsim.market.archetype import build_archetype

        return build_archetype(spec)
    if spec.source == "composed":
        from oncsim.market.composed import build_composed

        return build_composed(spec)
    from oncsim.market.files import build_files

    return build_files(spec, folder)
