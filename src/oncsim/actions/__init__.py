"""Actions of the model that a scenario can make happen at a quarter: takeovers, openings, shocks, ties."""
