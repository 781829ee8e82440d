"""Designs of many runs: what is played, by whom, where it is kept, what it says."""

from oncsim.experiments.load import load_experiment
from oncsim.experiments.running import run_experiment

__all__ = ["load_experiment", "run_experiment"]
