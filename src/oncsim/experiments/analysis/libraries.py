"""Loading the packages that only some analyses need, when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from oncsim.errors import InputError

# How a package is called where it is installed from, if not as it is imported.
_INSTALLED_AS = {"sklearn": "scikit-learn", "ema_workbench": "ema-workbench"}


def library(name: str) -> Any:
    """Return an imported module.

    Parameters
    ----------
    name : str
        Dotted name, for example ``SALib.analyze.sobol``.

    Raises
    ------
    InputError
        When its package is not installed.
    """
    package = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        installed_as = _INSTALLED_AS.get(package, package)
        raise InputError(f"this analysis needs the package {installed_as} (pip install {installed_as})") from error
