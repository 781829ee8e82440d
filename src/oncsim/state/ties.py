"""Ties between organisations, with directed trust."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from oncsim.state.columns import Columns


class Ties(Columns):
    """Rows are ties, living or dissolved; ``a`` and ``b`` are organisation rows, ``form`` and ``stage`` code numbers.

    ``ended`` is the quarter count in which a tie was dissolved. ``trust_ab`` is the trust ``a`` has in ``b``;
    ``evidence_ab`` counts the quarters of direct experience behind it.
    """

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "key": (np.uint64, 0),
        "a": (np.int64, 0),
        "b": (np.int64, 0),
        "form": (np.int64, 0),
        "stage": (np.int64, 0),
        "age": (np.int64, 0),
        "stage_age": (np.int64, 0),
        "ended": (np.int64, -1_000_000),
        "ramp": (np.int64, 2),
        "trust_ab": (np.float64, 0.5),
        "trust_ba": (np.float64, 0.5),
        "evidence_ab": (np.float64, 0.0),
        "evidence_ba": (np.float64, 0.0),
        "owner_share": (np.float64, 0.0),
        "control_share": (np.float64, 0.0),
    }
    id: NDArray[Any]
    key: NDArray[np.uint64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    form: NDArray[np.int64]
    stage: NDArray[np.int64]
    age: NDArray[np.int64]
    stage_age: NDArray[np.int64]
    ended: NDArray[np.int64]
    ramp: NDArray[np.int64]
    trust_ab: NDArray[np.float64]
    trust_ba: NDArray[np.float64]
    evidence_ab: NDArray[np.float64]
    evidence_ba: NDArray[np.float64]
    owner_share: NDArray[np.float64]
    control_share: NDArray[np.float64]
