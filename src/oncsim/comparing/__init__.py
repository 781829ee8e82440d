"""Compare scenarios: the same luck in each, so that what differs is the policy."""

from oncsim.comparing.pairing import Comparison, compare, open_comparison

__all__ = ["Comparison", "compare", "open_comparison"]
