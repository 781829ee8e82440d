"""How uncertain a behavioural parameter is: a distribution, its centre and its quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oncsim.errors import did_you_mean
from oncsim.parameters.scalars import found, number_hint

# Keys of each distribution; a lognormal is given by median and sigma (of the logarithm) or by mean and sd.
FORMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "triangular": (("low", "mode", "high"),),
    "uniform": (("low", "high"),),
    "normal": (("mean", "sd"),),
    "lognormal": (("median", "sigma"), ("mean", "sd")),
    "fixed": (("value",),),
}


@dataclass(frozen=True)
class Distribution:
    """A distribution by name and its numbers, for example triangular with low, mode and high."""

    dist: str
    numbers: tuple[tuple[str, float], ...]

    def __getitem__(self, key: str) -> float:
        return dict(self.numbers)[key]

    @property
    def centre(self) -> float:
        """The value used when nothing is drawn: the mode of a triangular, the median or mean of others."""
        given = dict(self.numbers)
        if self.dist == "triangular":
            return given["mode"]
        if self.dist == "uniform":
            return (given["low"] + given["high"]) / 2
        if self.dist == "fixed":
            return given["value"]
        return given["median"] if "median" in given else given["mean"]

    def quantile(self, u: float) -> float:
        """Return the value below which the share ``u`` of the distribution lies."""
        given = dict(self.numbers)
        if self.dist == "triangular":
            from oncsim.randomness import triangular1

            return triangular1(u, given["low"], given["mode"], given["high"])
        if self.dist == "uniform":
            return given["low"] + u * (given["high"] - given["low"])
        if self.dist == "fixed":
            return given["value"]
        from scipy.special import ndtri

        z = float(ndtri(u))
        if self.dist == "normal":
            return given["mean"] + given["sd"] * z
        if "median" in given:
            return given["median"] * math.exp(given["sigma"] * z)
        variance = math.log1p((given["sd"] / given["mean"]) ** 2)
        return given["mean"] * math.exp(math.sqrt(variance) * z - variance / 2)

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is written in YAML."""
        return {"dist": self.dist, **dict(self.numbers)}

    def __str__(self) -> str:
        return f"{self.dist}({', '.join(f'{key} {value:g}' for key, value in self.numbers)})"


def parse_distribution(data: Mapping[str, Any]) -> tuple[Distribution | None, list[tuple[str, str]]]:
    """Read a mapping with ``dist``; return the distribution, or the problems as (key, message)."""
    name = data.get("dist")
    if not isinstance(name, str) or name not in FORMS:
        known = ", ".join(FORMS)
        near = did_you_mean(name, FORMS) if isinstance(name, str) else ""
        return None, [("dist", f"no such distribution: {found(name)} (one of {known}{near})")]
    given = [key for key in data if key != "dist"]
    form = next((f for f in FORMS[name] if set(f) == set(given)), None)
    if form is None:
        return None, _wrong_keys(name, given)
    problems = [
        (key, f"found {found(data[key])} (expected a number{number_hint(data[key])})")
        for key in form
        if isinstance(data[key], bool) or not isinstance(data[key], int | float)
    ]
    if problems:
        return None, problems
    result = Distribution(name, tuple((key, float(data[key])) for key in form))
    problem = _wrong_numbers(result)
    return (None, [problem]) if problem else (result, [])


def _wrong_keys(name: str, given: list[str]) -> list[tuple[str, str]]:
    forms = " or ".join(", ".join(form) for form in FORMS[name])
    known = {key for form in FORMS[name] for key in form}
    unknown = [key for key in given if key not in known]
    if unknown:
        return [(key, f"unknown key (a {name} takes {forms}{did_you_mean(key, known)})") for key in unknown]
    return [("", f"a {name} takes {forms} (found {', '.join(given) or 'none of them'})")]


def _wrong_numbers(d: Distribution) -> tuple[str, str] | None:
    given = dict(d.numbers)
    if d.dist == "triangular" and not given["low"] <= given["mode"] <= given["high"]:
        return "mode", "a triangular needs low <= mode <= high"
    if d.dist == "uniform" and not given["low"] <= given["high"]:
        return "low", "a uniform needs low <= high"
    for key in ("sd", "sigma"):
        if given.get(key, 0.0) < 0:
            return key, "must not be negative"
    if d.dist == "lognormal" and d.centre <= 0:
        return "", "the median or mean of a lognormal must be above 0"
    return None


def support(d: Distribution) -> tuple[float, float]:
    """Return the lowest and highest value; the centre for the unbounded, which are cut at the limits."""
    given = dict(d.numbers)
    if "low" in given:
        return given["low"], given["high"]
    return d.centre, d.centre
