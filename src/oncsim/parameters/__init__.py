"""The registry of parameters: one leaf a parameter, with unit, limits, dated values and their sources."""

from oncsim.parameters.leaf import Leaf
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry, load_registry
from oncsim.parameters.values import Values

__all__ = ["Leaf", "Override", "Parameters", "Registry", "Values", "load_registry"]
