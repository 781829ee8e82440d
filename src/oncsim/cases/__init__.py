"""The practice cases: playing them beside their controls, checking what they expect, telling their story."""

from __future__ import annotations

from oncsim.cases.checking import CaseResult, Checked
from oncsim.cases.playing import CasesDone, CasesStopped, play_cases

__all__ = ["CaseResult", "CasesDone", "CasesStopped", "Checked", "play_cases"]
