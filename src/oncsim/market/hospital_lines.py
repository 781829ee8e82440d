"""Service lines that a hospital itself offers cancer patients, whoever runs its infusion site, where no table gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import SERVICE_LINES

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "?"  # lines that the rule is to fill in: blank means that a hospital has none
NONE = "none"  # in tables, a hospital without any; a blank is left to the rule
CRITICAL_ACCESS = ("imaging", "inpatient")  # A27: 2.9% of critical access hospitals had radiotherapy
ORDINARY = ("surgery", "imaging", "biopsy", "inpatient")
RADIATION_BEDS = 250.0  # from this size on a hospital has a linear accelerator of its own (judgement)
ON_CAMPUS = ("hopd_on_campus", "amc_main")


def with_hospital_lines(hospitals: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return the hospitals with the lines of those that are :data:`UNKNOWN` filled in by rule.

    Critical access hospitals have imaging and beds; other hospitals surgery, imaging, biopsy and beds, and radiation where
    their own site on campus has it or they are large (judgement).

    Parameters
    ----------
    hospitals, sites : pandas.DataFrame
        In the form of a market; the lines of the sites are known.
    """
    import pandas as pd

    unknown = (hospitals["lines"] == UNKNOWN).to_numpy(dtype=bool)
    if not unknown.any():
        return hospitals
    radiating = sites["lines"].str.split(";").map(lambda lines: "radiation" in lines).to_numpy(dtype=bool)
    campus = sites.loc[radiating & sites["kind"].isin(ON_CAMPUS).to_numpy(dtype=bool), "hospital"]
    radiation = hospitals["hospital"].isin(campus) | (hospitals["beds"] >= RADIATION_BEDS)
    judged = np.select(
        [hospitals["critical_access"].to_numpy(dtype=bool), radiation.to_numpy(dtype=bool)],
        [joined(CRITICAL_ACCESS), joined((*ORDINARY, "radiation"))],
        joined(ORDINARY),
    )
    lines = np.where(unknown, judged, hospitals["lines"].to_numpy(dtype=object))
    # Said outright: pandas would make a type of its own of plain text.
    return hospitals.assign(lines=pd.Series(lines, index=hospitals.index, dtype=object))


def joined(lines: tuple[str, ...] | list[str] | set[str]) -> str:
    """Return service lines as one text, separated by ';' and in the order of :data:`oncsim.codes.SERVICE_LINES`."""
    return ";".join(line for line in SERVICE_LINES if line in lines)
