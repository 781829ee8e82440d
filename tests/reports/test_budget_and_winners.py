"""The budget and the winners of a comparison as tables: numbers agree with what they are made from."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncsim.codes import PAYERS
from oncsim.reports import write_compare_report
from oncsim.reports.budget import (
    _SCORED,
    budget_section,
    national_factor,
    published_rows,
    scored_as,
    split_heads,
    split_sentence,
)
from oncsim.reports.compared import Compared, read_comparison
from oncsim.reports.winning import winners_section
from oncsim.reports.words import as_given, rough
from reports.sample_run import sample_zones, write_sample_comparison
from reports.test_html import check_page

SCORE = {"amount": -30e9, "years": 10, "of": "Medicare", "source": "cbo_x", "note": "all services"}


def sample_budget(zero: bool = False) -> pd.DataFrame:
    """Return a budget in which payers save five per cent and patients a tenth."""
    rows = []
    for year, quarters in (*((str(y), 4) for y in range(2026, 2034)), ("2027-2033", 28), ("total", 32)):
        for payer in ("all", "medicare", *PAYERS):
            level = 100e6 * quarters * {"all": 5, "medicare": 2}.get(payer, 1)
            for who, share in (("payer", 0.05), ("patient", 0.10), ("both", 0.06)):
                gap = 0.0 if zero else -share * level
                rows.append(("other", year, quarters, payer, "", who, level, level + gap, gap, 1.1 * gap, 0.9 * gap))
        rows.append(("other", year, quarters, "all", "drug", "payer", 3e6, 2e6, -1e6, -2e6, -0.5e6))
    columns = ["scenario", "year", "quarters", "payer", "component", "who", "baseline", "other", "difference", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(percent=100 * table["difference"] / table["baseline"])


def sample_split() -> pd.DataFrame:
    rows = []
    for payer in ("all", *PAYERS):
        parts = (("price", -12e6), ("place", 3e6), ("number", 1e6), ("all", -8e6))
        rows += [("other", "2027-2033", payer, "both", part, gap, gap - 2e6, gap + 2e6) for part, gap in parts]
    return pd.DataFrame(rows, columns=["scenario", "year", "payer", "who", "part", "difference", "low", "high"])


def sample_winners(zones: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for i in range(15):
        for measure, size in (("margin", 1e6), ("patients", 10.0), ("oncologists", 1.0)):
            gap, half = (i - 7) * size, 2.5 * size
            kind = "practice" if i % 3 else "health_system"
            status = ("active", "acquired" if i == 3 else "active")
            rows.append(
                ("organization", f"o{i}", f"Clinic {i}", kind, *status, measure, 9 * size, gap, gap - half, gap + half)
            )
    for i, zone in enumerate(zones["zone"]):
        for measure in ("minutes", "untreated_share", "patient_cost", "spending"):
            gap = float(i - 3)
            rows.append(("zone", zone, f"Zone {i}", "rural", "", "", measure, 10.0, gap, gap - 1.5, gap + 1.5))
    rows.append(("kind", "practice", "practice", "practice", "", "", "margin", 9e6, 0.5e6, -2e6, 3e6))
    rows += [("zones", group, group, "", "", "", "minutes", 10.0, 2.0, 1.0, 3.0) for group in ("", "rural=true")]
    columns = [
        "of",
        "id",
        "name",
        "kind",
        "status_baseline",
        "status_other",
        "measure",
        "baseline",
        "difference",
        "low",
        "high",
    ]
    table = pd.DataFrame(rows, columns=columns).assign(scenario="other", replicates=20)
    return table.assign(other=table["baseline"] + table["difference"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sample_comparison(tmp_path)
    zones = sample_zones()
    for name, table in (
        ("budget", sample_budget()),
        ("split", sample_split()),
        ("winners", sample_winners(zones)),
        ("zones", zones),
    ):
        table.to_parquet(tmp_path / f"{name}.parquet")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest |= {"cases": {"market": 1000.0, "national": 200_000.0}, "winners_year": "2033"}
    manifest["scenarios"][1] |= {"published": [SCORE], "mechanism": "Less is paid", "begins": "2027Q1"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def section(folder: Path) -> tuple[Compared, dict]:
    compared = read_comparison(folder)
    return compared, budget_section(compared.of("other"), compared.others[0])


def test_the_window_shows_every_payer_patients_and_all_with_the_naive_scaling(folder: Path) -> None:
    compared, found = section(folder)
    assert found["window"] == "2027-2033" and national_factor(compared) == 200.0
    rows = {row[0]: row for row in found["rows"]}
    assert list(rows)[-3:] == ["All payers", "Patients", "Payers and patients"]
    assert rows["Traditional Medicare"][3:] == ["-$140 m", "-$154 m to -$126 m", "-5.0 %", "about -$28 bn"]
    assert "0.5 % of the country" in found["scale_note"] and "naive scaling by new cases" in found["scale_note"]
    assert [row[0] for row in found["years"]] == [*map(str, range(2026, 2034)), "whole horizon"]
    assert found["components"] == [["Drugs, payers", "-$1.0 m", "-$2.0 m to -$0.50 m"]]


def test_a_whole_country_is_not_called_scaled(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"cases": {"market": 200_000.0, "national": 200_000.0}}))
    assert "repeats the difference" in section(folder)[1]["scale_note"]
    path.write_text(json.dumps({key: value for key, value in manifest.items() if key != "cases"}))
    assert section(folder)[1]["scale_note"] == ""


def test_a_published_score_stands_beside_the_model_labelled_as_another_method(folder: Path) -> None:
    compared, found = section(folder)
    rows = {row[1]: row for row in found["published"]}
    score = found["published"][-1]
    # Seven years of 28 quarters of 200 million of both kinds of Medicare, a twentieth less.
    mine = rows["Medicare (traditional and Advantage)"]
    assert mine[0] == "This comparison, cancer drug treatment" and mine[2] == "-$40.0 m"
    assert mine[2].small == "-$44.0 m to -$36.0 m" and mine[3] == "about -$8.0 bn"
    assert mine[4] == "whose spending the score is of"
    assert list(rows) == [name for _, _, name in _SCORED] + ["Medicare"]
    assert [name for name, row in rows.items() if row[4].startswith("whose")] == ["Medicare (traditional and Advantage)"]
    assert "naive scaling by new cases" in found["published_note"] and "other years" in found["published_note"]
    assert score[0] == "Published score, other method"
    assert score[1:4] == ["Medicare", "", "-$3 bn"]
    assert score[4] == "-$30 bn over 10 years; all services; cbo_x"
    assert published_rows(compared.of("other"), {"published": []}) == []


@pytest.mark.parametrize(
    ("whose", "row"),
    [
        ("Medicare", "Medicare (traditional and Advantage)"),
        ("Medicare payments for 340B drugs", "Medicare (traditional and Advantage)"),
        ("Medicare and its patients", "Medicare and its patients"),
        ("all payers", "All payers"),
        ("Blue Cross Blue Shield plans", "Commercial"),
        ("hospitals", ""),
    ],
)
def test_a_score_is_set_against_the_same_spending(whose: str, row: str) -> None:
    assert scored_as(whose) == row


def test_amounts_of_sources_are_printed_as_given_and_scaled_ones_roughly(folder: Path) -> None:
    compared = read_comparison(folder)
    score = {"amount": -4.85e9, "years": 1, "of": "Medicare", "source": "x", "note": ""}
    assert published_rows(compared.of("other"), {"published": [score]})[-1][3] == "-$4.85 bn"
    assert [as_given(-180.6e9), as_given(290e6)] == ["-$180.6 bn", "+$290 m"]
    assert [rough(-4.856e9), rough(284e6), rough(9.96e9)] == ["about -$4.9 bn", "about +$280 m", "about +$10 bn"]
    assert rough(0.0) == "$0"


def test_what_is_not_detectable_is_not_scaled_to_the_country(folder: Path) -> None:
    sample_budget().assign(low=-1e9, high=1e9).to_parquet(folder / "budget.parquet")
    _, found = section(folder)
    assert {row[-1] for row in found["rows"]} == {"not detectable"}
    assert {row[3] for row in found["published"][:-1]} == {"not detectable"}


def test_prices_lead_and_are_called_static_only_where_the_law_acts_on_them(folder: Path) -> None:
    told = read_comparison(folder).of("other")
    rates, rules = ["policy.site_neutral.drug_administration"], ["policy.acquisitions.allowed"]
    assert "what a static estimate would say" in split_sentence(told, rates)
    assert "static" not in split_sentence(told, rules)
    assert split_heads(told)[1:4] == ["Prices", "Where patients are treated", "How much treatment"]
    table = sample_split()
    price = table["part"] == "price"
    table.loc[price, ["low", "high"]] = [-30e6, 6e6]
    table.to_parquet(folder / "split.parquet")
    told = read_comparison(folder).of("other")
    assert split_heads(told)[1:4] == ["Where patients are treated", "Prices", "How much treatment"]
    assert "static" not in split_sentence(told, rates)
    said = "-$12.0 m is prices at the baseline's volumes (95 % interval -$30.0 m to +$6.0 m), not detectable"
    assert said in split_sentence(told, rates)


def test_acquired_is_told_with_the_number_of_replicates(folder: Path) -> None:
    table = sample_winners(sample_zones())
    some = table[(table["measure"] == "margin") & (table["of"] == "organization")].assign(
        measure="acquired", baseline=0.15, other=0.7
    )
    some.loc[some["id"] != "o3", ["baseline", "other"]] = 0.0
    pd.concat([table, some]).to_parquet(folder / "winners.parquet")
    found = winners_section(read_comparison(folder).of("other"))
    named = [row[0] for row in found["lose"]]
    assert named[3] == "Clinic 3 (acquired in 14 of 20 replicates; baseline: in 3)" and named[2] == "Clinic 2"


def test_a_generated_market_is_said_to_be_one_at_the_top_and_above_winners(folder: Path) -> None:
    said = "nothing here is a statement about a real organisation"
    assert said not in check_page(write_compare_report(folder))
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest |= {"market": {"name": "Wisconsin", "source": "embedded"}, "settings_differ": ["settings.patients is x"]}
    path.write_text(json.dumps(manifest))
    text = check_page(write_compare_report(folder))
    assert text.count(said) == 2 and text.index(said) < text.index("In short</h2>")
    assert '<p class="warning">Settings differ: settings.patients is x.</p>' in text


def test_the_split_is_said_in_one_sentence_with_what_is_not_detectable(folder: Path) -> None:
    _, found = section(folder)
    said = found["split_sentence"]
    assert said.startswith("Payments by payers and patients fall by $8.0 m over 2027-2033 (95 % interval")
    assert "-$12.0 m is prices at the baseline's volumes" in said
    assert "+$1.0 m is how much treatment is given (95 % interval -$1.0 m to +$3.0 m), not detectable" in said
    assert "+$3.0 m is where patients are treated (95 % interval +$1.0 m to +$5.0 m);" in said
    assert found["split"][-1][:5] == ["All payers and patients", "-$12.0 m", "+$3.0 m", "+$1.0 m", "-$8.0 m"]


def test_the_ten_who_gain_and_lose_most_in_order(folder: Path) -> None:
    found = winners_section(read_comparison(folder).of("other"))
    # Of eight that gain, the two smallest are within their intervals and so are not told as winners; losers alike.
    assert [row[0] for row in found["gain"]] == [f"Clinic {i}" for i in range(14, 9, -1)]
    sold = "Clinic 3 (acquired; baseline: in business)"
    assert [row[0] for row in found["lose"]] == ["Clinic 0", "Clinic 1", "Clinic 2", sold, "Clinic 4"]
    assert found["gain"][0][2:5] == ["+$7.0 m", "+$4.5 m to +$9.5 m", "+70.0"]
    kinds = {row[0]: row for row in found["kinds"]}
    assert kinds["Practices"][1:5] == ["10", "4 (40 %)", "3 (30 %)", "3 (30 %)"]
    assert kinds["Health systems"][1:5] == ["5", "1 (20 %)", "2 (40 %)", "2 (40 %)"]
    assert kinds["Practices"][-1] == "-$2.0 m to +$3.0 m" and kinds["Health systems"][-1] == ""


def test_zones_are_counted_with_the_people_who_live_there(folder: Path) -> None:
    found = winners_section(read_comparison(folder).of("other"))
    zones = sample_zones()
    people = zones["population"].to_numpy()
    rising, falling = np.arange(len(people)) - 3 > 1.5, np.arange(len(people)) - 3 < -1.5
    up = 100 * people[rising].sum() / people.sum()
    assert (
        f"Travel rises in {rising.sum()} of {len(people)} zones (where {up:.0f} % of people live)" in found["zone_sentence"]
    )
    assert f"falls in {falling.sum()} of" in found["zone_sentence"]
    assert [row[0] for row in found["zones"]] == ["Everywhere", "Rural zones"]
    assert found["zones"][0][1] == "+2 (+1.00 to +3.00)"
    assert found["zones"][0][1].sure and not hasattr(found["zones"][0][2], "sure")


def test_the_page_holds_every_section_and_both_pictures(folder: Path) -> None:
    text = html.unescape(check_page(write_compare_report(folder)))
    sections = ("Through which mechanism", "What the change is made of", "Organisations that lose most")
    for said in ("not as a result: Less is paid", *sections):
        assert said in text
    for name in ("budget", "winners_map"):
        assert (folder / "figures" / f"{name}.png").is_file() and f"figure-{name}" in text


def test_a_comparison_without_these_tables_says_so(tmp_path: Path) -> None:
    text = check_page(write_compare_report(write_sample_comparison(tmp_path)))
    assert "holds no budget" in text and "holds no table of winners" in text


def test_equal_payments_are_not_an_effect(folder: Path) -> None:
    sample_budget(zero=True).to_parquet(folder / "budget.parquet")
    sample_split().assign(difference=0.0, low=0.0, high=0.0).to_parquet(folder / "split.parquet")
    _, found = section(folder)
    assert all(row[3] == "$0" and row[5] == "0.0 %" for row in found["rows"])
    assert found["split"] == [] and "do not change detectably" in found["split_sentence"]
