"""Arrays that hold the state of a market: zones, sites, organisations, physicians, candidate pairs, ties, flows."""
