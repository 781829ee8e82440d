"""Competition: who can walk away from whom, what prices follow, how concentrated markets are. Pure functions of arrays."""
