"""Numbers and changes in words: every figure, caption and table of a report speaks through these
functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOT_AVAILABLE = "not available"
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))
INTERVAL = "95 % interval"
RANGE = "range of the replicates"
# Unit of a sum of payments: always in millions or more, where an amount for one patient has all its digits.
TOTAL = "dollars in all"
# Units whose name would only repeat what the noun says.
_UNNAMED = {"HHI", "index", "Gini", "0-1", "", "times"}


def _scaled_dollars(value: float, total: bool = False) -> str:
    size = abs(value)
    sign = "-" if value < 0 else ""
    if total and 5e3 <= size < 1e6 * 0.9995:
        return f"{sign}${size / 1e6:.2f} m"
    for limit, word in _SCALES:
        # Half of the last digit shown is already rounded up into the next word.
        if size >= limit * 0.9995:
            scaled = size / limit
            return f"{sign}${scaled:.0f} {word}" if scaled >= 100 else f"{sign}${scaled:.1f} {word}"
    if size >= 100 or size == 0:
        return f"{sign}${size:,.0f}"
    return f"{sign}${size:,.2f}" if size >= 0.095 else f"{sign}${size:.2g}"


def alike(values: Sequence[float], unit: str, signed: bool = False) -> list[str]:
    """Return values that stand beside each other, money all in the same scale.

    With ``signed`` they are differences. Shares and other units are as :func:`amount` and :func:`difference` say.
    """
    one = difference if signed else amount
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if kind_of_unit(unit) != "dollars" or largest < 1e6 * 0.9995:
        return [one(value, unit) for value in values]
    limit, word = next((limit, word) for limit, word in _SCALES if largest >= limit * 0.9995)
    tail = amount(0.0, unit).removeprefix("$0")
    told = []
    for value in values:
        size = abs(value) / limit
        digits = 0 if size >= 100 else 1 if size >= 1 or size < 0.005 else 2
        number = "0" if round(size, digits) == 0 else f"{size:.{digits}f}"
        sign = "" if number == "0" else "-" if value < 0 else "+" if signed else ""
        told.append(f"{sign}${number} {word}{tail}" if math.isfinite(value) else NOT_AVAILABLE)
    return told


def plain(value: float) -> str:
    """Return a number with a sensible number of digits: ``2,310``, ``14.3``, ``0.042``."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100 or (size >= 10 and float(value).is_integer()):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.1:
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}" if size >= 1 else f"{value:.3g}"
    return f"{value:.2g}" if size >= 1e-4 else f"{value:.1e}"


def kind_of_unit(unit: str) -> str:
    """Return the way a unit is written: ``share``, ``dollars`` or ``plain``."""
    lowered = unit.lower()
    if lowered == "share" or lowered.startswith(("share ", "fraction", "proportion")):
        return "share"
    if "dollar" in lowered or "usd" in lowered or "$" in lowered:
        return "dollars"
    return "plain"


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, for people: ``43.1 %``, ``$1.2 bn``, ``52 minutes``.

    Parameters
    ----------
    value : float
        The value as the tables hold it (a share is 0-1, money is dollars).
    unit : str
        ``share``, ``dollars``, ``dollars per quarter``, ``minutes``, ``days``, ``HHI``, ``times`` or any
        noun.
    """
    # A percentage may overflow where the share does not.
    if not math.isfinite(100 * value):
        return NOT_AVAILABLE
    kind = kind_of_unit(unit)
    if kind == "share":
        percent = value * 100
        return f"{percent:.1f} %" if abs(percent) >= 0.1 or percent == 0 else f"{percent:.2g} %"
    if kind == "dollars":
        tail = " a quarter" if "per quarter" in unit else " a year" if "per year" in unit else ""
        return _scaled_dollars(value, _is_total(unit)) + tail
    text = plain(value)
    if unit == "times":
        return f"{text} times"
    return text if unit in _UNNAMED else f"{text} {_singular(unit) if text == '1' else unit}"


def _singular(unit: str) -> str:
    return unit[:-1] if unit.endswith("s") and " " not in unit and not unit.endswith("ss") else unit


def _is_total(unit: str) -> bool:
    return unit == TOTAL or "per quarter" in unit


def difference(value: float, unit: str) -> str:
    """Return a difference with its sign and unit; a difference of shares is in percentage points."""
    if not math.isfinite(100 * value):
        return NOT_AVAILABLE
    sign = "+" if value > 0 else ""
    if kind_of_unit(unit) == "share":
        points = value * 100
        digits = f"{points:.{1 if abs(points) >= 1 or points == 0 else 2}f}" if abs(points) >= 0.005 else f"{points:.1g}"
        digits = "0.0" if points == 0 else digits
        return f"{sign}{digits} percentage points"
    return sign + amount(value, "" if unit == "times" else unit)


def rough(value: float) -> str:
    """Return dollars as ``about -$28 bn``: two significant digits, for figures that deserve no more."""
    if not math.isfinite(value):
        return NOT_AVAILABLE
    if value == 0:
        return "$0"
    rounded = abs(round(value, 1 - math.floor(math.log10(abs(value)))))
    limit, word = next(((limit, f" {word}") for limit, word in _SCALES if rounded >= limit), (1.0, ""))
    scaled = rounded / limit
    return f"about {'-' if value < 0 else '+'}${scaled:,.{1 if scaled < 10 and word else 0}f}{word}"


def as_given(value: float, digits: int = 6) -> str:
    """Return dollars of a published source as it prints them: ``-$4.85 bn``, ``-$40 bn``."""
    if not math.isfinite(value):
        return NOT_AVAILABLE
    limit, word = next(((limit, f" {word}") for limit, word in _SCALES if abs(value) >= limit), (1.0, ""))
    return f"{'-' if value < 0 else '+'}${abs(value) / limit:.{digits}g}{word}"


def size(value: float, unit: str) -> str:
    """Return the size of a difference, without its sign."""
    return difference(abs(value), unit).removeprefix("+")


def bare_difference(value: float, unit: str) -> str:
    """Return a difference with its sign but without a unit, for the second half of a range."""
    if not math.isfinite(value):
        return NOT_AVAILABLE
    kind = kind_of_unit(unit)
    if kind == "share":
        return difference(value, unit).removesuffix(" percentage points")
    return ("+" if value > 0 else "") + (_scaled_dollars(value, _is_total(unit)) if kind == "dollars" else plain(value))


def interval(low: float, high: float, unit: str, name: str = INTERVAL) -> str:
    """Return ``95 % interval +1.0 to +2.0``, or an empty string where there is none."""
    bounds = between(low, high, unit)
    return f"{name} {bounds}" if bounds else ""


def between(low: float, high: float, unit: str) -> str:
    """Return ``+1.0 to +2.0``, or an empty string where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if kind_of_unit(unit) == "dollars" and max(abs(low), abs(high)) >= 1e6 * 0.9995:
        one, two = alike([low, high], "dollars", signed=True)
        if one == two and low != high:
            limit, word = next(scale for scale in _SCALES if max(abs(low), abs(high)) >= scale[0] * 0.9995)
            one, two = (f"{'-' if end < 0 else '+'}${abs(end) / limit:.2f} {word}" for end in (low, high))
        return f"{one} to {two}"
    if _is_total(unit) and max(abs(low), abs(high)) >= 5e3:
        signs = ["" if abs(end) < 5e3 else "-" if end < 0 else "+" for end in (low, high)]
        return " to ".join(f"{sign}${abs(end) / 1e6:.2f} m" for sign, end in zip(signs, (low, high), strict=True))
    if kind_of_unit(unit) == "plain" and 0.1 <= max(abs(low), abs(high)) < 10:
        # Both ends with the digits of the larger, so that neither pretends to be the surer.
        return " to ".join("0" if abs(end) < 0.005 else f"{end:+.2f}" for end in (low, high))
    return f"{bare_difference(low, unit)} to {bare_difference(high, unit)}"


def direction(first: float, last: float, unit: str = "") -> str:
    """Return ``rose``, ``fell``, ``hardly changed`` (under half a percent of its level) or ``did not
    change``."""
    if not (math.isfinite(first) and math.isfinite(last)):
        return NOT_AVAILABLE
    if first == last:
        return "did not change"
    level = max(abs(first), abs(last))
    if abs(last - first) < 0.005 * level:
        return "hardly changed"
    return "rose" if last > first else "fell"


def moved(
    noun: str,
    first: float,
    last: float,
    unit: str,
    years: tuple[str, str],
    low: float = math.nan,
    high: float = math.nan,
    spread: str = INTERVAL,
) -> str:
    """Return one clause on how a metric moved between two years, without a full stop.

    Parameters
    ----------
    noun : str
        The metric as it stands in a sentence, for example ``the hospital share of infusions``.
    first, last : float
        Its value in the first and the last year.
    unit : str
        Its unit.
    years : tuple of str
        The two years.
    low, high : float
        The spread of the change over replicates, where there are several.
    spread : str
        What that is: :data:`INTERVAL` or :data:`RANGE`.
    """
    if not (math.isfinite(first) or math.isfinite(last)):
        return f"{noun} is {NOT_AVAILABLE} in this run"
    if years[0] == years[1] or not math.isfinite(first):
        return f"{noun} stood at {amount(last, unit)} in {years[1]}"
    if not math.isfinite(last):
        return f"{noun} stood at {amount(first, unit)} in {years[0]}, {NOT_AVAILABLE} for {years[1]}"
    verb = direction(first, last, unit)
    if verb == "did not change":
        return f"{noun} did not change: {amount(last, unit)} in {years[0]} and in {years[1]}"
    if verb == "hardly changed":
        verb = "hardly changed,"
    note = difference(last - first, unit)
    span = interval(low, high, unit, spread)
    return (
        f"{noun} {verb} from {amount(first, unit)} in {years[0]} to {amount(last, unit)} in {years[1]} "
        f"({note}{'; ' + span if span else ''})"
    )


def effect(noun: str, value: float, low: float, high: float, unit: str, spread: str = INTERVAL) -> str:
    """Return one sentence on a paired difference between two scenarios.

    ``raises`` or ``lowers`` is said only when the 95 % interval (or the range, as ``spread`` names it) leaves out zero.
    """
    name = noun[:1].upper() + noun[1:]
    if not math.isfinite(value):
        return f"{name}: {NOT_AVAILABLE}."
    span = interval(low, high, unit, spread)
    if value == 0 and (not span or low == high == 0):
        return f"{name}: exactly zero difference."
    if not span:
        verb = "is higher by" if value > 0 else "is lower by"
        return f"{name} {verb} {size(value, unit)} (one replicate: no interval)."
    if low <= 0 <= high:
        return f"{name}: no detectable difference ({difference(value, unit)}; {span})."
    return f"{'Raises' if value > 0 else 'Lowers'} {noun} by {size(value, unit)} ({span})."


def span_of_years(period: str) -> str:
    """Return ``2027-2036`` as it is, and ``2027-2027`` as ``2027``."""
    first, _, last = period.partition("-")
    return first if first == last else period


def with_group(noun: str, group: str) -> str:
    """Return a noun with the group it is about in brackets, inside those the noun may end with."""
    if not group:
        return noun
    return f"{noun[:-1]}, {group})" if noun.endswith(")") else f"{noun} ({group})"


def sentence(text: str) -> str:
    """Return the clause with a capital first letter and a full stop."""
    text = text.strip()
    return text if not text else text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def listing(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    if len(words) <= 1:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def counted(count: float, singular: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 acquisition``, ``2.5 acquisitions``, ``no acquisitions``."""
    plural = plural or singular + "s"
    if count == 0:
        return f"no {plural}"
    number = f"{count:,.0f}" if float(count).is_integer() else f"{count:,.1f}"
    return f"{number} {singular if count == 1 else plural}"


def code_words(code: str) -> str:
    """Return a code as words: ``hopd_on_campus`` is ``hopd on campus``."""
    return code.replace("_", " ")
