"""Ties between organisations, with directed trust."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from oncsim.state.columns import Columns


class Ties(Columns):
    """Rows are ties, from the first meeting to the end; ``a`` and ``b`` are organisation rows, ``form`` and ``stage`` codes.

    ``met``, ``signed`` (in the present form) and ``ended`` are quarter counts; ``ramp`` is the time a form takes to
    work, due diligence included, and ``diligence`` the part of it before signing, in quarters. ``trust_ab`` is the
    trust ``a`` has in ``b``; ``evidence_ab`` counts the quarters of direct experience behind it. ``checks`` are agreed
    check-ins a year, ``shared_data`` whether outcomes are shared. ``worth`` is what the tie is worth, dollars a year
    and patient of the smaller side, both sides together; ``overlap`` how far each would get the patients the other
    lost, at signing, ``overlap_now`` at the last review. ``staff`` is the support of both staffs. ``fading`` counts
    reviews in a row that found no worth; ``friction`` is a misfit that nobody has answered;
    good quarters count more until ``repair_until``. ``problem`` is what brought the two together, ``successor`` the
    deeper form they talk about and ``successor_at`` when that is settled, ``form_before`` what a tie was before it deepened,
    -1 none; ``prior`` whether they knew each other from a tie or through a partner; ``settles_for_less``
    whether they have turned to a looser form than they first had in mind.
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
        "met": (np.int64, -1_000_000),
        "signed": (np.int64, 0),
        "ended": (np.int64, -1_000_000),
        "ramp": (np.int64, 2),
        "diligence": (np.int64, 0),
        "trust_ab": (np.float64, 0.5),
        "trust_ba": (np.float64, 0.5),
        "evidence_ab": (np.float64, 0.0),
        "evidence_ba": (np.float64, 0.0),
        "owner_share": (np.float64, 0.0),
        "control_share": (np.float64, 0.0),
        "checks": (np.float64, np.nan),
        "shared_data": (np.bool_, False),
        "worth": (np.float64, np.nan),
        "overlap": (np.float64, 0.0),
        "overlap_now": (np.float64, 0.0),
        "staff": (np.float64, 0.7),
        "fading": (np.int64, 0),
        "friction": (np.bool_, False),
        "repair_until": (np.int64, -1_000_000),
        "problem": (np.int64, 0),
        "successor": (np.int64, -1),
        "successor_at": (np.int64, -1),
        "form_before": (np.int64, -1),
        "prior": (np.bool_, False),
        "settles_for_less": (np.bool_, False),
    }
    id: NDArray[Any]
    key: NDArray[np.uint64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    form: NDArray[np.int64]
    stage: NDArray[np.int64]
    age: NDArray[np.int64]
    stage_age: NDArray[np.int64]
    met: NDArray[np.int64]
    signed: NDArray[np.int64]
    ended: NDArray[np.int64]
    ramp: NDArray[np.int64]
    diligence: NDArray[np.int64]
    trust_ab: NDArray[np.float64]
    trust_ba: NDArray[np.float64]
    evidence_ab: NDArray[np.float64]
    evidence_ba: NDArray[np.float64]
    owner_share: NDArray[np.float64]
    control_share: NDArray[np.float64]
    checks: NDArray[np.float64]
    shared_data: NDArray[np.bool_]
    worth: NDArray[np.float64]
    overlap: NDArray[np.float64]
    overlap_now: NDArray[np.float64]
    staff: NDArray[np.float64]
    fading: NDArray[np.int64]
    friction: NDArray[np.bool_]
    repair_until: NDArray[np.int64]
    problem: NDArray[np.int64]
    successor: NDArray[np.int64]
    successor_at: NDArray[np.int64]
    form_before: NDArray[np.int64]
    prior: NDArray[np.bool_]
    settles_for_less: NDArray[np.bool_]
