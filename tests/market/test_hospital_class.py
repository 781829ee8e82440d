from __future__ import annotations

import numpy as np
import pytest

from oncsim.codes import HOSPITAL_CLASSES
from oncsim.market.hospital_class import exempt_cancer, hospital_classes


@pytest.mark.parametrize(
    ("critical", "route", "rural", "expected"),
    [
        (True, "CAH", True, "critical_access"),
        (True, "", False, "critical_access"),
        (False, "SCH", True, "sole_community_rural"),
        (False, "SCH", False, "sole_community_urban"),
        (False, "RRC", True, "rural_referral"),
        (False, "PED", False, "childrens"),
        (False, "CAN", False, "cancer"),
        (False, "DSH", True, "general"),
        (False, "", False, "general"),
    ],
)
def test_the_class_follows_from_what_is_known(critical: bool, route: str, rural: bool, expected: str) -> None:
    assert hospital_classes([critical], [route], [rural]).tolist() == [expected]
    assert expected in HOSPITAL_CLASSES


def test_facility_types_come_before_routes() -> None:
    found = hospital_classes([False, False], ["DSH", "SCH"], [True, True], childrens=[True, False], cancer=[False, True])
    assert found.tolist() == ["childrens", "cancer"]


def test_exempt_hospitals_are_known_by_name() -> None:
    names = ["ARTHUR G JAMES CANCER HOSPITAL", "Saint James Hospital", "Moffitt Cancer Center", "Karmanos Cancer Hospital"]
    np.testing.assert_array_equal(exempt_cancer(names), [True, False, True, False])
