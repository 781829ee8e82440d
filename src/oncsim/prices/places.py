"""Payment places: what decides the rates of a site, one code a site."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    AMC_MAIN,
    AMC_SATELLITE,
    FREESTANDING,
    HOME,
    HOPD_OFF,
    HOPD_ON,
    OFF_CAMPUS_KINDS,
    SET_EXCEPTED,
    SET_FREESTANDING,
    SET_HOME,
    SET_NON_EXCEPTED,
    SET_OFFICE,
    SET_ON_CAMPUS,
    among,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SITE_CLASSES = ("office", "hospital", "hospital_340b", "academic", "freestanding")


@dataclass(frozen=True)
class PaymentPlaces:
    """What decides the rates of sites, (sites,) each.

    Attributes
    ----------
    setting : int
        Index into ``codes.SETTINGS``.
    hospital_class : int
        Index into ``codes.HOSPITAL_CLASSES`` of the hospital it is a department of, -1 elsewhere.
    state : int
        Index into ``codes.STATES``, -1 on a plane without states.
    rural : int
        1 outside metropolitan areas.
    bought_340b : float
        Share of its drugs bought at 340B prices.
    """

    setting: Ints
    hospital_class: Ints
    state: Ints
    rural: Ints
    bought_340b: Floats

    @cached_property
    def hospital(self) -> Flags:
        """Paid as a department of a hospital."""
        return np.asarray((self.setting >= SET_ON_CAMPUS) & (self.setting <= SET_NON_EXCEPTED))

    @cached_property
    def off_campus(self) -> Flags:
        """Departments of a hospital off its campus."""
        return np.asarray((self.setting == SET_EXCEPTED) | (self.setting == SET_NON_EXCEPTED))

    @cached_property
    def codes(self) -> dict[str, Ints]:
        """Codes by dimension, as :meth:`oncsim.parameters.Values.over` takes them."""
        return {
            "setting": self.setting,
            "department": np.where(self.hospital, self.setting - SET_ON_CAMPUS, -1),
            "hospital_class": np.where(self.hospital, self.hospital_class.clip(min=0), -1),
            "state": self.state,
            "rural": self.rural,
            "biller": self.hospital.astype(np.int64),
        }

    def of(self, rows: Ints) -> PaymentPlaces:
        """Return some of the places."""
        return PaymentPlaces(
            self.setting[rows], self.hospital_class[rows], self.state[rows], self.rural[rows], self.bought_340b[rows]
        )

    def __len__(self) -> int:
        return len(self.setting)


def setting_of(kind: Ints, excepted: Flags) -> Ints:
    """Return the payment setting of sites: on campus, off campus excepted or not, or outside a hospital.

    Parameters
    ----------
    kind : (sites,) int
        Site kind codes.
    excepted : (sites,) bool
        Off campus but billing before the cut-off of Section 603.
    """
    setting = np.full(len(kind), SET_OFFICE, dtype=np.int64)
    setting[among(kind, (HOPD_ON, AMC_MAIN))] = SET_ON_CAMPUS
    off = among(kind, OFF_CAMPUS_KINDS)
    setting[off & excepted] = SET_EXCEPTED
    setting[off & ~excepted] = SET_NON_EXCEPTED
    setting[kind == FREESTANDING] = SET_FREESTANDING
    setting[kind == HOME] = SET_HOME
    return setting


def site_class(kind: Ints, drugs_340b: Flags) -> Ints:
    """Return the commercial price class of sites, an index into ``SITE_CLASSES``."""
    code = np.zeros(len(kind), dtype=np.int64)
    department = among(kind, (HOPD_ON, HOPD_OFF))
    code[department] = 1
    code[department & drugs_340b] = 2
    code[among(kind, (AMC_MAIN, AMC_SATELLITE))] = 3
    code[among(kind, (FREESTANDING, HOME))] = 4
    return code
