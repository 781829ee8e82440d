"""The class of a hospital that payment rules and exemptions name, where no table gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Words in the names of the eleven cancer hospitals that the prospective payment system exempts by statute (remembered).
EXEMPT_CANCER_NAMES = (
    "city of hope national", "norris cancer", "moffitt cancer", "sylvester", "dana-farber", "memorial hospital for cancer",
    "memorial sloan", "roswell park", "james cancer", "american oncologic", "fox chase", "anderson cancer",
    "hutchinson cancer",
)  # fmt: skip


def hospital_classes(
    critical_access: ArrayLike,
    route_340b: ArrayLike,
    rural: ArrayLike,
    childrens: ArrayLike = False,
    cancer: ArrayLike = False,
) -> NDArray[Any]:
    """Return the class of each hospital, one of :data:`oncsim.codes.HOSPITAL_CLASSES`.

    A sole community hospital or rural referral center is known only where it is eligible for 340B by that route: whether a
    hospital that passes the DSH screen is one too is unknown, and it counts as general.

    Parameters
    ----------
    critical_access : array_like of bool
        Critical access hospitals.
    route_340b : array_like of str
        Route by which each would be eligible for 340B.
    rural : array_like of bool
        Whether its zone is rural: rural and urban sole community hospitals are treated apart.
    childrens, cancer : array_like of bool
        Children's hospitals; cancer hospitals exempt from prospective payment.
    """
    route = np.asarray(route_340b, dtype=object)
    country = np.broadcast_to(np.asarray(rural, dtype=np.bool_), route.shape)
    conditions = [
        np.broadcast_to(np.asarray(critical_access, dtype=np.bool_), route.shape),
        np.broadcast_to(np.asarray(cancer, dtype=np.bool_), route.shape) | (route == "CAN"),
        np.broadcast_to(np.asarray(childrens, dtype=np.bool_), route.shape) | (route == "PED"),
        (route == "SCH") & country,
        route == "SCH",
        route == "RRC",
    ]
    words = ["critical_access", "cancer", "childrens", "sole_community_rural", "sole_community_urban", "rural_referral"]
    return np.asarray(np.select(conditions, words, "general"), dtype=object)


def exempt_cancer(names: ArrayLike) -> NDArray[np.bool_]:
    """Say which names are those of cancer hospitals exempt from prospective payment."""
    return np.array(
        [any(word in str(name).casefold() for word in EXEMPT_CANCER_NAMES) for name in np.asarray(names)], dtype=bool
    )
