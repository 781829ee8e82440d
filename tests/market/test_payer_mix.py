"""Shares of insurance stay shares, and grow with what they are judged from."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oncsim.market.payer_mix import medicaid_share, uninsured_under_65

SHARE = st.floats(0, 1)


@given(SHARE, SHARE, st.sampled_from([1.0, 1.5]))
def test_medicaid_and_uninsured_leave_room_for_others(poverty: float, uninsured: float, line: float) -> None:
    share = float(medicaid_share(poverty, uninsured, poverty_line=line))
    assert 0 <= share <= 0.5
    assert share + uninsured <= max(0.9, uninsured) + 1e-12


@given(SHARE, SHARE)
def test_more_poverty_never_means_less_medicaid(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert medicaid_share(low) <= medicaid_share(high)


def test_a_share_below_a_higher_line_counts_for_less() -> None:
    assert medicaid_share(0.12, poverty_line=1.0) > medicaid_share(0.12, poverty_line=1.5)


@given(SHARE, st.floats(0, 1e6), SHARE)
def test_everyone_uninsured_is_under_65(share: float, people: float, older: float) -> None:
    younger = float(uninsured_under_65(share, people, people * older))
    assert 0 <= younger <= 1
    if people > 1 and share <= 1 - older and older < 0.99:
        assert np.isclose(younger * people * (1 - older), share * people)
