"""Every figure: draws from a full run and from thin ones, and gives the same bytes twice."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure

from oncsim.reports import figures
from oncsim.reports.figures.forest import relative_effects
from oncsim.reports.figures.style import to_bytes
from reports.sample_run import sample_differences, sample_tables, sample_zones

Tables = dict[str, pd.DataFrame]


def _settings(tables: Tables) -> pd.DataFrame:
    return tables["sites"].groupby(["quarter", "kind"], as_index=False)["infusions"].sum()


def _money(tables: Tables) -> pd.DataFrame:
    return tables["organizations"].groupby(["quarter", "kind"], as_index=False)[["revenue", "margin"]].sum()


def _last(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    return table[(table["quarter"] == table["quarter"].max()) & (table["replicate"] == 0)]


def _ends(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    return table[table["quarter"].isin([table["quarter"].min(), table["quarter"].max()]) & (table["replicate"] == 0)]


FIGURES: dict[str, Callable[[Tables], Figure]] = {
    "settings": lambda t: figures.care_by_setting(_settings(t)),
    "consolidation": lambda t: figures.consolidation(t["metrics"]),
    "access": lambda t: figures.access_by_rurality(t["metrics"]),
    "prices": lambda t: figures.prices(t["metrics"]),
    "spending": lambda t: figures.spending(t["metrics"]),
    "partnerships": lambda t: figures.partnerships(t["metrics"]),
    "quality": lambda t: figures.quality_and_value(t["metrics"]),
    "money": lambda t: figures.money_by_kind(_money(t)),
    "events": lambda t: figures.events_by_year(t["events"], 1, ["2026", "2027"]),
    "map": lambda t: figures.site_map(t["zones"], _ends(t["sites"])),
    "plane": lambda t: figures.site_map(t["zones"], _ends(t["sites"]), plane=True),
    "network": lambda t: figures.ownership_network(_last(t["organizations"]), _last(t["ties"]), "2027Q4"),
}


def _thin() -> dict[str, Tables]:
    full = sample_tables(end="2027Q4", replicates=2)
    return {
        "full": full,
        "one quarter": sample_tables(end="2026Q1", replicates=1),
        "tiny": sample_tables(sample_zones(1), organizations=1, sites=1, end="2026Q2", replicates=1),
        "empty": {name: table.head(0) for name, table in full.items()},
        "zeros": {
            name: table.assign(**{c: 0.0 for c in ("infusions", "patients", "revenue", "value") if c in table})
            for name, table in full.items()
        },
        "missing numbers": {
            name: table.assign(**{c: float("nan") for c in ("infusions", "patients", "value") if c in table})
            for name, table in full.items()
        },
    }


CASES = _thin()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("case", CASES)
def test_every_figure_draws_whatever_the_run_held(name: str, case: str) -> None:
    figure = FIGURES[name](CASES[case])
    assert isinstance(figure, Figure)
    assert b"</svg>" in to_bytes(figure, "svg")


@pytest.mark.parametrize("name", FIGURES)
def test_two_drawings_are_equal_to_the_last_byte(name: str) -> None:
    one, two = (FIGURES[name](CASES["full"]) for _ in range(2))
    assert to_bytes(one, "svg") == to_bytes(two, "svg")


def test_two_pictures_are_equal_to_the_last_byte() -> None:
    one, two = (to_bytes(FIGURES["map"](CASES["full"]), "png") for _ in range(2))
    assert one.startswith(b"\x89PNG")
    assert one == two


def test_drawing_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(matplotlib.rcParams)
    for draw in FIGURES.values():
        to_bytes(draw(CASES["tiny"]), "svg")
    assert dict(matplotlib.rcParams) == before


def test_files_hold_no_date_and_no_outside_resource() -> None:
    svg = to_bytes(FIGURES["map"](CASES["full"]), "svg").decode()
    assert "<dc:date>" not in svg
    assert not [part for part in svg.split('href="')[1:] if not part.startswith(("#", "data:"))]


@pytest.mark.parametrize("scenarios", [("one",), ("one", "two", "three")])
def test_figures_of_a_comparison(scenarios: tuple[str, ...]) -> None:
    table = sample_differences(scenarios)
    drawn = [
        figures.forest(relative_effects(table, "final"), {"one": "A title"}, 20),
        figures.difference_paths(table, "access.minutes_mean", "rural=true"),
        figures.forest(relative_effects(table.head(0), "final")),
        figures.difference_paths(table, "no.such_metric"),
        figures.difference_paths(table[table["quarter"] == "2026Q1"], "access.minutes_mean"),
    ]
    for figure in drawn:
        assert to_bytes(figure, "svg") == to_bytes(figure, "svg")


def test_relative_effects_are_percent_of_the_baseline_and_leave_out_zero_baselines() -> None:
    effects = relative_effects(sample_differences(), "final").set_index(["metric", "group"])
    assert effects.loc[("spending.total_per_patient", ""), "effect"] == pytest.approx(-2.5)
    assert ("quality.adverse_events", "") not in effects.index


def test_budget_and_map_draw_also_without_rows_and_with_zones_unknown() -> None:
    rows = [
        ("2027", payer, "", who, gap, gap - 1.0, gap + 1.0)
        for payer in ("all", "medicare_ffs", "commercial")
        for who, gap in (("payer", -3e6), ("patient", -1e6), ("both", -4e6))
    ]
    table = pd.DataFrame(rows, columns=["year", "payer", "component", "who", "difference", "low", "high"])
    zones = sample_zones()
    effects = pd.DataFrame({"id": zones["zone"].iloc[:-1], "measure": "minutes", "difference": 0.0, "low": 0.0, "high": 0.0})
    for one in (
        lambda: figures.budget_by_year(table, 20),
        lambda: figures.budget_by_year(table.iloc[:0]),
        lambda: figures.zone_effects(zones, effects),
        lambda: figures.zone_effects(zones, effects.assign(difference=range(len(effects)), low=0.5, high=99.0), plane=True),
        lambda: figures.zone_effects(zones, effects.iloc[:0]),
    ):
        assert to_bytes(one(), "png") == to_bytes(one(), "png")


def test_the_colours_of_a_map_have_zero_in_the_middle_and_people_rule_the_scale() -> None:
    zones = sample_zones()
    gaps = [1.0] * (len(zones) - 1) + [1000.0]  # the last zone has the fewest people
    effects = pd.DataFrame({"id": zones["zone"], "measure": "minutes", "difference": gaps, "low": 0.5, "high": 2000.0})
    figure = figures.zone_effects(zones, effects, panels=[("minutes", "Travel", "")])
    norm = figure.axes[0].collections[-1].norm
    assert (norm.vmin, norm.vcenter, norm.vmax) == (-1.0, 0.0, 1.0)
    few = sample_zones(3).assign(population=1.0)
    even = figures.zone_effects(few, effects.assign(difference=[5.0] * len(effects)), panels=[("minutes", "Travel", "")])
    assert even.axes[0].collections[-1].norm.vmax == 6.0  # the next round number, half of which is round too


def test_zones_without_a_detectable_difference_have_no_colour() -> None:
    zones = sample_zones()
    sure = pd.DataFrame({"id": zones["zone"], "measure": "minutes", "difference": 1.0, "low": 0.5, "high": 1.5})
    coloured = {}
    for name, effects in (
        ("all", sure),
        ("all but one", sure.assign(low=[-0.5, *[0.5] * (len(zones) - 1)])),
        ("none", sure.assign(low=-0.5)),
        ("one replicate", sure.assign(low=float("nan"), high=float("nan"))),
    ):
        axes = figures.zone_effects(zones, effects, panels=[("minutes", "Travel", "")]).axes[0]
        coloured[name] = len(axes.collections[-1].get_offsets())
        assert ("no detectable" in "".join(text.get_text() for text in axes.texts)) is (name == "none")
    count = len(zones)
    assert coloured == {"all": count, "all but one": count - 1, "none": 0, "one replicate": count}


def test_alaska_and_hawaii_are_told_from_the_rest() -> None:
    zones = sample_zones()
    assert not figures.beyond_contiguous(zones)
    assert figures.beyond_contiguous(zones.assign(lat=[61.0, *zones["lat"][1:]], lon=[-150.0, *zones["lon"][1:]]))
