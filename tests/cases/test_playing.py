"""Cases that are played: the effect shows, its control does not, and how many processes share the work is no matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import oncsim
from oncsim.cases import CasesStopped, play_cases
from oncsim.cases.finding import find_cases
from oncsim.errors import InputError
from oncsim.running import Tick

from .conftest import WriteCase
from .small_cases import TAKEN


def test_an_effect_that_the_control_lacks_passes(write_case: WriteCase, tmp_path: Path) -> None:
    path = write_case(
        TAKEN,
        "{event: acquisition, org: S1, as: actor, min: 1}",
        "{event: acquisition, org: S1, as: other, max: 0, control: same}",
        "{org: P01, value: independent, versus: later, sign: negative, from: 2026Q3, until: 2026Q4, control: absent}",
        "{tie: [P01, S1], value: rung, min: 8, max: 8}",
        "{metric: consolidation.acquisitions, versus: control, sign: positive, from: 2026Q3, until: 2026Q3}",
        "{org: S1, value: patients, minus: {org: P01, value: patients}, sign: positive, control_mean: [0, 200]}",
    )
    done = play_cases([str(path)], replicates=3, seed=2)
    case = done.cases[0]
    assert [(one.text, one.why) for one in case.checked if not one.passed] == []
    assert done.passed and case.passed and case.replicates == 3
    taken = case.checked[0]
    assert (taken.mean, taken.control_mean, taken.effect.value) == (0.0, 1.0, -1.0)
    assert (taken.share, taken.control_share) == (1.0, 0.0)
    # Against the control there is nothing else to ask of the control.
    assert np.isnan(case.checked[5].control_share)
    assert list(case.values) == ["", "control", "later"] and case.values["later"].shape == (3, 7 + 3 + 8)


def test_what_does_not_come_out_or_shows_in_the_control_fails(write_case: WriteCase) -> None:
    path = write_case(
        "{event: acquisition, org: S1, as: actor, max: 0}",
        "{org: S1, value: open, min: 1}",
        "{org: P01, value: independent, max: 0, control: same}",
        "{org: P01, value: independent, max: 0, control_mean: [0, 0.5]}",
        "{metric: consolidation.hhi, group: market_type=county, min: 0}",
    )
    case = play_cases([str(path)], replicates=2, story=False).cases[0]
    assert not case.passed
    assert [one.why for one in case.checked] == [
        (
            "holds in 0% of replicates, 90% are asked",
            "holds in 100% of the control's replicates too, at most 10% are allowed",
        ),
        ("holds in 100% of the control's replicates too, at most 10% are allowed",),
        ("holds in 0% of the control's replicates, where it must hold too",),
        ("mean of the control is 1, 0 to 0.5 is asked",),
        ("there is no such value", "there is no such value in the control"),
    ]
    # Without a story only what is compared is played, and nothing is kept of it.
    assert list(case.values) == ["", "control"] and case.kept == {}


def test_workers_do_not_show(write_case: WriteCase, tmp_path: Path) -> None:
    path = write_case(TAKEN, "{tie: [S1, P01], value: trust_ab, versus: later, sign: zero, control: free}")
    for workers in (1, 2):
        play_cases([str(path)], 3, workers=workers, out=tmp_path / str(workers))
    names = ["cases.csv", "cases.md", "sold/story.md", "sold/timeline.png"]
    for name in names:
        assert (tmp_path / "1" / "cases" / name).read_bytes() == (tmp_path / "2" / "cases" / name).read_bytes(), name
    written = {str(p.relative_to(tmp_path / "2" / "cases")) for p in (tmp_path / "2" / "cases").rglob("*") if p.is_file()}
    assert written == set(names)


def test_replicates_are_those_of_a_run(write_case: WriteCase) -> None:
    """The same replicate of the same seed is the same as in ``oncsim run``, control included."""
    path = write_case("{org: S1, value: margin, min: 0, control: free}")
    case = play_cases([str(path)], 2, seed=5, story=False).cases[0]
    run = oncsim.run(f"{path}--control", replicates=2, seed=5, out=None)
    rows = run.organizations.query("org == 'S1' and quarter == '2027Q4'").sort_values("replicate")
    np.testing.assert_array_equal(case.values["control"][:, 0], rows["margin"].to_numpy())


def test_an_interrupt_keeps_finished_cases(write_case: WriteCase, tmp_path: Path) -> None:
    first, second = write_case(TAKEN, name="first", number=2), write_case(TAKEN, name="second", number=3)

    def stop(tick: Tick) -> None:
        if tick.label == "second":
            raise KeyboardInterrupt

    with pytest.raises(CasesStopped, match=r"interrupted: 1 of 2 cases finished \(.*cases.csv\)") as caught:
        play_cases([str(second), str(first)], 1, out=tmp_path / "out", story=False, progress=stop)
    assert [case.id for case in caught.value.done.cases] == ["first"]
    assert (tmp_path / "out" / "cases" / "cases.csv").read_text().count("first,2,") == 1


def test_a_replicate_that_fails_fails_its_case_only(
    write_case: WriteCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from oncsim.model import OncologyMarket

    whole = OncologyMarket.step

    def step(self: OncologyMarket) -> None:
        if self.source_scenario.id == "first--control" and self.replicate == 1:
            raise ZeroDivisionError("oh")
        whole(self)

    monkeypatch.setattr(OncologyMarket, "step", step)
    files = [str(write_case(TAKEN, name=name, number=i)) for i, name in ((2, "first"), (3, "second"))]
    done = play_cases(files, 2, out=tmp_path / "out", story=False)
    assert [case.passed for case in done.cases] == [False, True]
    assert done.cases[0].failure == "could not be played: variant control, replicate 1: ZeroDivisionError: oh"
    assert done.cases[0].failure in (tmp_path / "out" / "cases" / "cases.csv").read_text()


def test_organisations_must_exist(write_case: WriteCase) -> None:
    path = write_case(
        "{tie: [P01, S9], value: living, min: 1}",
        "{event: acquisition, minus: {event: merger, org: Prairie Regional Health}, min: 0}",
        "{event: acquisition, org: P01, partner: S8, min: 0}",
        "{metric: consolidation.hhi, market: PLAN, min: 0}",
    )
    with pytest.raises(InputError) as caught:
        play_cases([str(path)], 1)
    lines = str(caught.value).splitlines()
    see = "in the market (`oncsim merger --list --scenario FILE` has the ids"
    assert lines == [
        f"{path}:20:17: expect[1].tie[2]: no organisation with the id 'S9' {see})",
        f"{path}:21:54: expect[2].minus.org: no organisation with the id 'Prairie Regional Health' {see}; its id is 'S1')",
        f"{path}:22:45: expect[3].partner: no organisation with the id 'S8' {see})",
        f"{path}:23:41: expect[4].market: no zone lies in a market 'PLAN' (`oncsim market concentration --scenario FILE` "
        "names them; did you mean 'PLANE'?)",
    ]


def test_cases_are_found_by_id_and_number(write_case: WriteCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from oncsim.cases import finding

    paths = {name: write_case(TAKEN, name=name, number=n) for n, name in ((7, "rescue"), (2, "sold"))}
    monkeypatch.setattr(finding, "bundled_cases", lambda: paths)
    assert [one.case.number for one in find_cases([])] == [2, 7]
    assert [one.scenario.id for one in find_cases(["7", "rescue"])] == ["rescue"]
    with pytest.raises(InputError) as caught:
        find_cases(["9", "rescu", str(paths["sold"])])
    assert str(caught.value).splitlines() == [
        "9: no case has this number (numbers: 2, 7)",
        "rescu: no case has this id (`oncsim scenario list` names them; a file ends in .yaml; did you mean 'rescue'?)",
    ]
    with pytest.raises(InputError, match=r"--replicates: 0 is not allowed"):
        play_cases([], 0)
