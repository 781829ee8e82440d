"""One replicate of one variant of a case: played in memory, measured, and all but a few numbers let go."""

from __future__ import annotations

import pickle
import time
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.branching import Starts
from oncsim.comparing.measuring import Window, measured, value_of
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.form import Market
    from oncsim.scenario.measures import Expectation, Measure
    from oncsim.scenario.scenario import Scenario

KEPT = ("events", "metrics", "organizations", "ties")


@dataclass(frozen=True)
class Play:
    """A variant of a case to play: what is run and what is measured in it.

    Attributes
    ----------
    case, name : str
        Id of the case and name of the variant, empty for the case itself.
    scenario : Scenario
        What is run.
    market : Market
        Its market.
    seed : int
        Seed of the run, the same for all variants.
    start, end : str
        First and last quarter of the case, which windows refer to.
    expect : tuple of Expectation
        What the case expects, measured in every variant.
    story : tuple of Measure
        What the story compares, over the last year.
    follow : tuple of str
        Organisations whose story is kept.
    starts : Starts
        Its settled market.
    """

    case: str
    name: str
    scenario: Scenario
    market: Market
    seed: int
    start: str
    end: str
    expect: tuple[Expectation, ...]
    story: tuple[Measure, ...]
    follow: tuple[str, ...]
    starts: Starts = field(default_factory=Starts, compare=False, repr=False)

    @property
    def last_year(self) -> Window:
        """The last four quarters, or all of a shorter run."""
        first = max(
            self.start, f"{int(self.end[:4]) - 1}Q{int(self.end[5]) + 1}" if self.end[5] != "4" else f"{self.end[:4]}Q1"
        )
        return Window(first, self.end)


@dataclass(frozen=True)
class Kept:
    """What the story needs of one replicate: rows about the followed organisations."""

    events: pd.DataFrame
    organizations: pd.DataFrame
    ties: pd.DataFrame


@dataclass(frozen=True)
class Played:
    """One replicate: its measured values, or why there are none; replicate 0 brings the names of organisations by id."""

    replicate: int
    values: tuple[float, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    kept: Kept | None = None
    seconds: float = 0.0
    measuring: float = 0.0
    failure: str = ""
    detail: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """Some replicates of one variant, and the file that holds what to play."""

    case: str
    name: str
    packed: Path
    replicates: tuple[int, ...]
    story: bool


def play_chunk(chunk: Chunk) -> tuple[Chunk, list[Played]]:
    """Play the replicates of a chunk; what goes wrong is part of the answer."""
    try:
        play = _unpack(chunk.packed)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return chunk, [Played(r, failure=said, detail=traceback.format_exc()) for r in chunk.replicates]
    return chunk, [attempt(play, r, chunk.story and r == 0) for r in chunk.replicates]


@lru_cache(maxsize=1)
def _unpack(packed: Path) -> Play:
    play: Play = pickle.loads(packed.read_bytes())
    return play


def attempt(play: Play, replicate: int, story: bool) -> Played:
    """Play one replicate and say how it ended; interruptions pass through."""
    try:
        return play_replicate(play, replicate, story)
    except InputError as error:
        return Played(replicate, failure=str(error), faults=error.faults)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return Played(replicate, failure=said, detail=traceback.format_exc())


def play_replicate(play: Play, replicate: int, story: bool) -> Played:
    """Play one replicate and return what is measured in it, and with ``story`` the rows that tell it."""
    from oncsim.model import OncologyMarket

    started = time.perf_counter()

    def settled() -> OncologyMarket:
        return OncologyMarket(
            play.scenario,
            seed=play.seed,
            replicate=replicate,
            market=play.market,
            metrics=_metrics_asked(play),
            tables=KEPT,
        )

    model = play.starts.model(play.name, settled, play.scenario, play.market, play.seed, replicate)
    try:
        for _ in model.quarters:
            model.step()
        played = time.perf_counter()
        tables = model.tables(KEPT)
    finally:
        model.close()
    for table in tables.values():
        table.insert(0, "replicate", replicate)
    one = range(replicate, replicate + 1)
    values = [measured(asked, tables.__getitem__, play.start, play.end, one) for asked in play.expect]
    values += [value_of(asked, tables.__getitem__, play.last_year, one) for asked in play.story]
    kept = _kept(tables, play.follow) if story else None
    names = _names(tables["organizations"]) if replicate == 0 else {}
    ended = time.perf_counter()
    numbers = tuple(float(value.iloc[0]) for value in values)
    return Played(replicate, numbers, names, kept, ended - started, ended - played)


def _metrics_asked(play: Play) -> set[str]:
    """Return the metrics that are measured: the others would take a good part of the time."""
    asked = [*play.expect, *play.story]
    also = [minus for one in asked if (minus := getattr(one, "minus", None)) is not None]
    return {one.metric for one in [*asked, *also] if one.metric is not None}


def _kept(tables: dict[str, pd.DataFrame], follow: tuple[str, ...]) -> Kept:
    events, orgs, ties = tables["events"], tables["organizations"], tables["ties"]
    return Kept(
        # Copies without the unused categories: what is kept must not hold on to the whole tables.
        _plain(events[events["actor"].isin(follow) | events["other"].isin(follow)]),
        _plain(orgs[orgs["org"].isin(follow)]),
        _plain(ties[ties["a"].isin(follow) & ties["b"].isin(follow)]),
    )


def _names(organizations: pd.DataFrame) -> dict[str, str]:
    named = organizations[["org", "name"]].drop_duplicates("org").astype(str)
    return dict(zip(named["org"], named["name"], strict=True))


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    text = {name: str for name in table.columns if table[name].dtype == "category"}
    return table.astype(text).reset_index(drop=True)
