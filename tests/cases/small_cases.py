"""Small cases on the rural teaching market: a scripted takeover is the effect, its absence the control."""

from __future__ import annotations

HEAD = """\
schema: oncsim/scenario/1
id: {name}
title: A practice is taken over
extends: rural_market
horizon: {{start: 2026Q1, end: 2027Q4}}
case:
  number: {number}
  place: A teaching market
  situation: A system buys the practice that works in its hospital.
  follow: [P01, S1]
  choices:
    - {{variant: later, text: The system waits.}}
    - The practice joins a network in time.
variants:
  control: {{title: Nobody takes over, events: []}}
  later: {{title: The takeover comes later, events: [{{at: 2027Q3, do: takeover, org: P01, by: S1}}]}}
events:
  - {{at: 2026Q3, do: takeover, org: P01, by: S1}}
expect:
"""
TAKEN = "{org: P01, value: independent, max: 0, note: The practice is part of the system.}"
