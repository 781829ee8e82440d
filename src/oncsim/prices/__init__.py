"""What every service is paid and what drugs cost: pure functions of the law of a quarter and of arrays of sites."""
