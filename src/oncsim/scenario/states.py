"""Two-letter codes of the 50 states and the District of Columbia."""

from __future__ import annotations

_CODES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT",
    "NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY",
)
STATES: tuple[str, ...] = tuple(code for line in _CODES for code in line.split())


def unknown_state(code: str) -> str | None:
    """Return what is wrong with a state code, or None."""
    if code in STATES:
        return None
    hint = f"; did you mean {code.upper()!r}?" if code.upper() in STATES else ""
    return f"{code!r} is not a state (two capital letters of one of the 50 states, or DC{hint})"
