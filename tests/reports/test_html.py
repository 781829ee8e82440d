from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from oncsim.reports import write_report
from oncsim.reports.html import FILE_NAMES
from oncsim.reports.reading import read_run
from oncsim.reports.rendering import Picture
from reports.sample_run import sample_tables, sample_zones, write_sample_run


class _Page(HTMLParser):
    """Collects images, outside links, identifiers and anchors, and checks that tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "img":
            self.images.append(found)
        self.addresses += [str(v) for k, v in attrs if k in ("src", "href", "srcset", "data", "action")]
        self.ids.add(str(found.get("id")))
        if tag not in ("img", "br", "meta", "link", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make figures but do not turn them into pictures, which takes most of the time and is tested
    elsewhere."""

    def save(figure: Figure, folder: Path, name: str, caption: str, alt: str) -> Picture:
        assert figure.axes or figure.texts
        return Picture(name, "data:image/png;base64,", 1, 1, caption, alt)

    monkeypatch.setattr("oncsim.reports.html.save_figure", save)


def check_page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    page = _Page(text)
    assert page.open == []
    assert page.images
    for image in page.images:
        assert image["alt"]
        assert str(image["src"]).startswith("data:image/png;base64,")
    for address in page.addresses:
        assert address.startswith(("data:image/png;base64,", "#"))
        if address.startswith("#"):
            assert address[1:] in page.ids
    assert "<script" not in text
    assert not re.search(r"url\(|@import", text)
    plain = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", plain)
    assert path.stat().st_size < 3_000_000
    return plain


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_sample_run(tmp_path_factory.mktemp("report"), sample_tables(end="2029Q4"))
    return write_report(folder)


def test_the_page_stands_alone_and_every_figure_has_words(page: Path) -> None:
    text = check_page(page)
    assert len(re.findall("<figure", text)) == len(FILE_NAMES)
    for name in FILE_NAMES.values():
        assert (page.parent / "figures" / f"{name}.png").stat().st_size > 1000
        assert (page.parent / "figures" / f"{name}.svg").read_bytes().startswith(b"<?xml")


def test_the_page_answers_what_happened_and_why(page: Path) -> None:
    text = html.unescape(check_page(page))
    assert "What happens to access and prices when hospitals buy practices?" in text
    assert re.search(r"the hospital share of infusions rose from \d+\.\d % to \d+\.\d %", text)
    assert "facility-fee differential" in text
    assert re.search(r"from \d+ offices? that became", text)
    assert "policy.site_neutral.drug_administration.on_campus" in text
    assert "County cancer cases were estimated" in text
    assert "oncsim run scenario.resolved.yaml --replicates 3 --seed 1" in text
    assert "95 % interval" not in text.replace("95 % intervals", "")
    assert "Lowest to highest" in text
    assert "range of the replicates" in text
    assert re.search(r"This is replicate \d \(of 0 to 2\): over the headline metrics the one nearest to the mean", text)
    assert "first replicate" not in text.lower()


def test_the_same_run_gives_the_same_bytes(page: Path) -> None:
    files = [page, *sorted((page.parent / "figures").iterdir())]
    before = [path.read_bytes() for path in files]
    write_report(page.parent)
    assert [path.read_bytes() for path in files] == before


def test_names_are_escaped(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    bad = '<b>Clinic</b> & $Co$ "x" <script>alert(1)</script> 腫瘍'
    orgs, events = tables["organizations"].copy(), tables["events"].copy()
    orgs["name"] = bad
    events["text"] = f"{bad} closes because of <i>losses</i>."
    text = check_page(write_report(write_sample_run(tmp_path, {**tables, "organizations": orgs, "events": events})))
    assert "<b>Clinic" not in text
    assert "&lt;b&gt;Clinic&lt;/b&gt;" in text
    assert "<i>losses" not in text


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize(
    "case",
    [
        "one replicate",
        "one quarter",
        "no centers",
        "no events",
        "no ties",
        "only metrics",
        "one metric",
        "one zone",
    ],
)
def test_thin_runs_still_have_a_report(tmp_path: Path, case: str) -> None:
    if case == "one replicate":
        tables = sample_tables(end="2027Q2", replicates=1)
    elif case == "one quarter":
        tables = sample_tables(end="2026Q1", replicates=2)
    elif case == "one zone":
        tables = sample_tables(sample_zones(1), organizations=2, sites=2, end="2026Q3", replicates=1)
    else:
        tables = sample_tables(end="2027Q4")
    if case == "no centers":
        tables["sites"] = tables["sites"][tables["sites"]["kind"] != "amc_main"]
        tables["organizations"] = tables["organizations"][tables["organizations"]["kind"] != "academic_center"]
    elif case in ("no events", "no ties"):
        name = case.removeprefix("no ")
        tables[name] = tables[name].head(0)
    elif case == "only metrics":
        tables = {"metrics": tables["metrics"]}
    elif case == "one metric":
        tables["metrics"] = tables["metrics"][tables["metrics"]["metric"] == "access.wait_days_mean"]
    text = check_page(write_report(write_sample_run(tmp_path, tables)))
    if case == "one replicate":
        assert "95 % interval +" not in text
    if case == "only metrics":
        assert "Tables that are not in the run folder" in text
    if case == "one metric":
        assert "not available in this run" in text


@pytest.mark.usefixtures("without_pictures")
def test_a_folder_without_manifest_or_scenario_has_a_report(run_folder: Path) -> None:
    (run_folder / "manifest.json").unlink()
    (run_folder / "scenario.resolved.yaml").unlink()
    assert "not recorded" in check_page(write_report(run_folder))


@pytest.mark.usefixtures("without_pictures")
def test_five_replicates_have_intervals(tmp_path: Path) -> None:
    text = html.unescape(check_page(write_report(write_sample_run(tmp_path, sample_tables(end="2027Q4", replicates=5)))))
    assert "95 % interval" in text
    assert "Lowest to highest" not in text


@pytest.mark.usefixtures("without_pictures")
def test_a_heading_names_what_is_there(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    assert "<h3>Value-based payment and quality</h3>" in check_page(write_report(write_sample_run(tmp_path / "a", tables)))
    metrics = tables["metrics"]
    without = {**tables, "metrics": metrics[~metrics["metric"].str.startswith("value_based.")]}
    text = check_page(write_report(write_sample_run(tmp_path / "b", without)))
    assert "<h3>Quality</h3>" in text
    assert "Value-based payment and quality" not in text


@pytest.mark.usefixtures("without_pictures")
def test_a_place_with_a_colon_stands_in_a_sentence(run_folder: Path) -> None:
    manifest = run_folder / "manifest.json"
    content = json.loads(manifest.read_text()) | {"market": {"name": "Archetype: a large metropolitan area"}}
    manifest.write_text(json.dumps(content))
    text = check_page(write_report(run_folder))
    assert "A large metropolitan area (archetype) from 2026 to 2029: the hospital share" in text


@pytest.mark.usefixtures("without_pictures")
def test_what_went_against_the_mean_is_said(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    metrics = tables["metrics"].copy()
    chosen = read_run(write_sample_run(tmp_path / "before", tables)).typical.replicate
    wait = (metrics["metric"] == "access.untreated_share") & (metrics["group"] == "")
    rise = metrics["quarter"].str[:4].astype(int) - 2026
    sign = pd.Series(1.0, index=metrics.index).where(metrics["replicate"] != chosen, -0.4)
    metrics.loc[wait, "value"] = 0.1 + 0.01 * (rise * sign)[wait]
    run = write_sample_run(tmp_path / "after", {**tables, "metrics": metrics})
    typical = read_run(run).typical
    text = check_page(write_report(run))
    said = "In this replicate some metrics moved against the mean: the share of patients not treated fell by"
    assert (typical.replicate == chosen) == (said in text)
    assert typical.caution in html.unescape(text)


@pytest.mark.usefixtures("without_pictures")
def test_a_run_that_failed_says_so(run_folder: Path) -> None:
    manifest = run_folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"complete"', '"failed"'))
    assert "not complete" in check_page(write_report(run_folder))
