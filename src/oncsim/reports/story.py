"""The story of a run: which events mattered most, told in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from oncsim.reports import words

# How much one event of a kind says about a market (judgement): the first word that occurs in its name counts.
_WEIGHTS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("network_exit", "network_return", "price_step"), 1.8),
    (("resale",), 2.0),
    (("policy", "scenario", "script", "law"), 6.0),
    (("takeover", "merge", "acqui", "purchase", "sale"), 5.0),
    (("foreclos", "privilege"), 5.0),
    (("divest", "release", "340b"), 4.5),
    (("shock", "entry", "entrant"), 4.0),
    (("joint_venture", "review", "block"), 3.5),
    (("network", "platform", "exit"), 2.5),
    (("tie_", "affiliat", "partner"), 1.5),
    (("closure", "close"), 3.0),
    (("open", "found", "value", "model", "redesignat"), 2.0),
    (("contract", "bargain", "hire", "retire", "trust"), 0.5),
)
SHOWN = 20
LISTED = 1000


@dataclass(frozen=True)
class Happening:
    """One line of the story."""

    quarter: str
    kind: str
    text: str


def weight(kind: str) -> float:
    """Return how much an event of this kind says about a market."""
    lowered = kind.lower()
    for keys, value in _WEIGHTS:
        if any(key in lowered for key in keys):
            return value
    return 1.0


def of_replicate(events: pd.DataFrame, replicate: int) -> pd.DataFrame:
    """Return the events of one replicate in order of time; the order within a quarter is that of the
    table."""
    if events.empty:
        return events
    own = events[events["replicate"].astype(float) == replicate]
    return own.sort_values("quarter", kind="stable").reset_index(drop=True)


def is_echo(events: pd.DataFrame) -> list[bool]:
    """Return which events are ended ties that only echo a closure or a purchase of one of the two.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns quarter, event, actor, other; one replicate.
    """
    gone: set[str] = set()
    echoes = [False] * len(events)
    rows = list(zip(*(events[c].astype(str) for c in ("quarter", "event", "actor", "other")), strict=True))
    # Within a quarter ties may be told before the closure that ends them.
    order = sorted(range(len(rows)), key=lambda i: (rows[i][0], rows[i][1] == "tie_dissolved"))
    for i in order:
        _, kind, actor, other = rows[i]
        if kind == "closure":
            gone.add(actor)
        elif kind in ("acquisition", "takeover", "merger"):
            gone.add(other)
        echoes[i] = kind == "tie_dissolved" and bool({actor, other} & (gone - {""}))
    return echoes


def main_events(events: pd.DataFrame, volume: dict[str, float], shown: int = SHOWN) -> list[Happening]:
    """Choose the events that mattered most, in order of time.

    An event counts by its kind, by the money in it, and by the size of the organisations in it; no kind
    takes more than half of the list while others wait. Ties that end because one of the two closed or was bought
    are left out: the closure or the purchase tells it.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns quarter, event, actor, other, amount, text; one replicate, in order.
    volume : dict
        Infusions of each organisation (by id or name), for its size.
    shown : int
        Length of the list.
    """
    events = events[[not echo for echo in is_echo(events)]] if len(events) else events
    if events.empty:
        return []
    largest = max(volume.values(), default=0.0) or 1.0
    amounts = pd.to_numeric(events["amount"], errors="coerce").abs().fillna(0.0).to_numpy(dtype=float)
    money = np.log10(1 + amounts) / 10
    sizes = np.array(
        [
            max(volume.get(str(a), 0.0), volume.get(str(b), 0.0)) / largest
            for a, b in zip(events["actor"], events["other"], strict=True)
        ]
    )
    kinds = events["event"].astype(str).to_numpy()
    score = np.array([weight(kind) for kind in kinds]) + money + 1.5 * sizes
    chosen: list[int] = []
    held: dict[str, int] = {}
    spare: list[int] = []
    for i in np.argsort(-score, kind="stable"):
        kind = str(kinds[i])
        if held.get(kind, 0) >= max(shown // 2, 1):
            spare.append(int(i))
            continue
        held[kind] = held.get(kind, 0) + 1
        chosen.append(int(i))
        if len(chosen) == shown:
            break
    chosen += spare[: shown - len(chosen)]
    return happenings(events.iloc[sorted(chosen)])


def happenings(events: pd.DataFrame) -> list[Happening]:
    """Return events as lines; an event without text is told from its names."""
    lines = []
    for quarter, kind, actor, other, text in zip(
        *(events[c].astype(str) for c in ("quarter", "event", "actor", "other", "text")), strict=True
    ):
        told = text or f"{words.code_words(kind)}: {words.listing([n for n in (actor, other) if n])}"
        lines.append(Happening(quarter, words.code_words(kind), words.sentence(told)))
    return lines


def by_year(lines: list[Happening]) -> list[tuple[str, list[Happening]]]:
    """Group lines by calendar year, in order."""
    grouped: dict[str, list[Happening]] = {}
    for line in lines:
        grouped.setdefault(line.quarter[:4], []).append(line)
    return list(grouped.items())
