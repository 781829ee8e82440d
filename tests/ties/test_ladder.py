from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from oncsim.codes import (
    ACADEMIC_CENTER,
    HEALTH_SYSTEM,
    NETWORK,
    PRACTICE,
    SERVICE_LINES,
    TIE_FORMS,
    TIE_STAGES,
)
from oncsim.ties.ladder import (
    CONTRACT,
    FROM_A_CONTRACT,
    FROM_A_TIE,
    IN_FORCE,
    REFERRAL,
    RUNG,
    SIGNED_FORMS,
    Ladder,
    by_line,
    open_forms,
)

from .partners import law_with

LINES = len(SERVICE_LINES)
INPATIENT = SERVICE_LINES.index("inpatient")


def forms(
    kind_a: int,
    kind_b: int,
    hospital_a: bool = False,
    hospital_b: bool = False,
    a: tuple[int, ...] = (),
    b: tuple[int, ...] = (),
) -> set[str]:
    """Return the names of the forms open to one pair; ``a`` and ``b`` are the lines each lacks and the other has."""
    lacks = [np.isin(np.arange(LINES), part)[None, :] for part in (a, b)]
    kinds = [np.array([kind]) for kind in (kind_a, kind_b)]
    found = open_forms(*kinds, *lacks, np.array([hospital_a]), np.array([hospital_b]))
    assert found.shape == (1, len(TIE_FORMS))
    return {TIE_FORMS[form] for form in np.flatnonzero(found[0])}


def test_every_number_of_the_ladder_is_that_of_its_form() -> None:
    law = law_with()
    ladder = Ladder.of(law)
    for name in Ladder.__dataclass_fields__:
        for form, word in enumerate(TIE_FORMS):
            assert getattr(ladder, name)[form] == float(law[f"partnership.{name}"][word])
    for name in ("need", "margin", "build", "miles"):
        expected = [float(law[f"partnership.line.{name}"][line]) for line in SERVICE_LINES]
        np.testing.assert_array_equal(by_line(law[f"partnership.line.{name}"]), expected)
    other = Ladder.of(law_with(partnership__steering={"referral": 0.125}))
    assert other.steering[0] == 0.125 and (other.steering[1:] == ladder.steering[1:]).all()


def test_tighter_forms_have_more_control_and_steer_no_less() -> None:
    """Among forms that are signed: who stands two rungs or more above another has at least its control and exit cost."""
    ladder = Ladder.of(law_with())
    assert (ladder.ramp_low <= ladder.ramp).all() and (ladder.ramp <= ladder.ramp_high).all()
    for low, high in product(SIGNED_FORMS, SIGNED_FORMS):
        if RUNG[high] >= RUNG[low] + 2:
            for name in ("control_share", "exit_cost", "reach"):
                assert getattr(ladder, name)[high] >= getattr(ladder, name)[low], (TIE_FORMS[low], TIE_FORMS[high], name)


def test_only_a_referral_relationship_has_no_contract_and_it_is_the_lowest_rung() -> None:
    assert [TIE_FORMS[form] for form in np.flatnonzero(~CONTRACT)] == ["referral"]
    assert RUNG.argmin() == TIE_FORMS.index("referral") and RUNG.argmax() == TIE_FORMS.index("acquisition")
    assert (RUNG.min() == RUNG).sum() == 1 and len(RUNG) == len(TIE_FORMS)


def test_joint_centers_and_bundles_are_not_for_strangers() -> None:
    assert {TIE_FORMS[form] for form in np.flatnonzero(FROM_A_TIE)} == {"co_management", "employer_bundle"}
    assert (FROM_A_TIE | ~FROM_A_CONTRACT).all() and not FROM_A_TIE[REFERRAL]


def test_a_tie_is_in_force_from_the_signature_to_the_end() -> None:
    signed, over = TIE_STAGES.index("ramp_up"), TIE_STAGES.index("dissolved")
    np.testing.assert_array_equal(IN_FORCE, [signed <= stage < over for stage in range(len(TIE_STAGES))])


@pytest.mark.parametrize("kind_a", [PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER, NETWORK])
@pytest.mark.parametrize("kind_b", [PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER, NETWORK])
def test_which_forms_are_open_does_not_depend_on_who_comes_first(kind_a: int, kind_b: int) -> None:
    for hospital_a, hospital_b, line in product((False, True), (False, True), ((), (INPATIENT,), (0, 1))):
        ahead = forms(kind_a, kind_b, hospital_a, hospital_b, a=line)
        assert ahead == forms(kind_b, kind_a, hospital_b, hospital_a, b=line)
        assert "referral" in ahead
        assert not ahead & {"acquisition", "network_membership"}


def test_a_clinical_affiliation_has_one_center_in_it() -> None:
    for one, other in product((PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER), repeat=2):
        centers = (one == ACADEMIC_CENTER) + (other == ACADEMIC_CENTER)
        assert ("clinical_affiliation" in forms(one, other)) == (centers == 1)


def test_inpatient_coverage_joins_one_with_inpatients_and_one_without() -> None:
    assert "inpatient_coverage" in forms(PRACTICE, HEALTH_SYSTEM, a=(INPATIENT,))
    others = tuple(line for line in range(LINES) if line != INPATIENT)
    assert "inpatient_coverage" not in forms(PRACTICE, HEALTH_SYSTEM, a=others, b=others)


def test_practices_join_owners_of_hospitals_in_agreements_bundles_and_ventures() -> None:
    closer = {"professional_services", "employer_bundle", "joint_venture"}
    assert closer <= forms(PRACTICE, HEALTH_SYSTEM, hospital_b=True)
    assert closer <= forms(ACADEMIC_CENTER, PRACTICE, hospital_a=True)
    assert not closer & forms(PRACTICE, HEALTH_SYSTEM)  # a system without a hospital
    assert not closer & forms(HEALTH_SYSTEM, HEALTH_SYSTEM, True, True)
    assert not closer & forms(PRACTICE, PRACTICE)
    assert "telehealth_hub" not in forms(PRACTICE, PRACTICE)
    assert "telehealth_hub" in forms(HEALTH_SYSTEM, HEALTH_SYSTEM)
