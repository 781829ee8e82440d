"""What one deal would do in a market: concentration, leverage, prices, law, places; read from a model, changing nothing."""

from oncsim.mergers.analysis import MergerAnalysis, merger, merger_analysis

__all__ = ["MergerAnalysis", "merger", "merger_analysis"]
