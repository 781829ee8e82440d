from __future__ import annotations

import subprocess
import sys

import pytest

from oncsim.metrics import FAMILIES, METRICS, metric
from oncsim.metrics.registry import BETTER

# The least that the interface promises, but for what is not modelled yet.
PROMISED = {
    "consolidation": "hhi hhi_flow hhi_flow_predicted mhhi wtp cr4 practices_independent share_oncologists_independent "
    "hopd_share_infusions share_340b_infusions acquisitions closures divestitures network_joins",
    "access": "minutes_mean minutes_median minutes_p90 share_within_30 share_within_60 people_within_30 "
    "people_within_60 e2sfca_mean e2sfca_gini wait_days_mean untreated_share share_zones_without_oncologist "
    "share_people_without_oncologist",
    "price": "commercial_index commercial_to_medicare hospital_to_office level after_acquisition",
    "spending": "total_per_patient payer_total patient_cost_share margin_340b",
    "finance": "margin_practice margin_system margin_amc",
    "partnership": "active formed dissolved age_median trust_mean",
    "quality": "adverse_events readmissions trial_enrolment",
}


@pytest.mark.parametrize("family", PROMISED)
def test_what_the_interface_promises_is_there(family: str) -> None:
    assert {f"{family}.{name}" for name in PROMISED[family].split()} <= set(METRICS)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_says_all_of_itself(name: str) -> None:
    found = METRICS[name]
    assert found.name == name
    assert found.family in FAMILIES
    assert found.better in BETTER
    assert found.title and found.unit and found.source
    assert found.definition.endswith(".") and len(found.definition) > 20
    assert "  " not in found.definition


def test_a_name_cannot_be_taken_twice() -> None:
    with pytest.raises(ValueError, match=r"consolidation\.hhi is defined twice"):
        metric("consolidation.hhi", title="x", definition="x.", unit="x")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("weather.rain", {}), ("access.x", {"groups": ("colour",)}), ("access.x", {"better": "up"})],
)
def test_unknown_words_are_refused(name: str, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        metric(name, title="x", definition="x.", unit="x", **wrong)  # type: ignore[arg-type]
    assert name not in METRICS


def test_listing_metrics_needs_no_heavy_package() -> None:
    code = (
        "import sys, oncsim.metrics;"
        "heavy = ('pandas', 'scipy', 'mesa', 'pyarrow', 'matplotlib', 'pydantic');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
