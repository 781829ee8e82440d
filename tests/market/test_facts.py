import pytest

from oncsim.market import facts


def test_every_county_of_the_fifty_states_and_dc() -> None:
    frame = facts.counties()
    assert len(frame) == 3142
    assert frame["fips"].is_unique and frame["name"].is_unique
    assert set(frame["state"]) == set(facts.STATE_NAMES) and len(facts.STATE_NAMES) == 51
    assert frame["population"].sum() == 328_239_523  # the Census Bureau's estimate of 2019
    assert not frame.isna().any().any()
    assert (frame["land_sqmi"] > 0).all()


def test_connecticut_keeps_its_eight_counties() -> None:
    frame = facts.counties()
    assert sorted(frame.loc[frame["state"] == "CT", "fips"]) == [f"090{n:02d}" for n in range(1, 16, 2)]


def test_points_lie_in_their_part_of_the_world() -> None:
    frame = facts.counties().set_index("fips")
    assert frame["lat"].between(18.9, 71.5).all()
    # The Aleutians reach over the antimeridian: a plain mean of longitudes would land near Europe.
    assert -180 <= frame.at["02016", "lon"] < -165 or frame.at["02016", "lon"] > 170
    mainland = frame[~frame["state"].isin(["AK", "HI"])]
    assert mainland["lon"].between(-125, -66.5).all() and mainland["lat"].between(24, 49.5).all()


@pytest.mark.parametrize("fips", ["25007", "25019", "53055", "15007", "02016", "02185"])
def test_islands_and_roadless_places_are_flown_to(fips: str) -> None:
    assert facts.counties().set_index("fips").at[fips, "air_minutes"] >= 60


def test_places_with_roads_are_not_flown_to() -> None:
    frame = facts.counties().set_index("fips")
    assert set(frame.index[frame["air_minutes"] > 0].str[:2]) == {"02", "15", "25", "53"}
    assert frame.at["02020", "air_minutes"] == 0  # Anchorage
    assert (frame["air_minutes"] > 0).sum() < 40


def test_rural_is_outside_a_metropolitan_area() -> None:
    frame = facts.counties()
    assert (frame["rural"] == (frame["cbsa"] == "")).all()
    assert (frame["rural"] == (frame["size_class"] >= 4)).all()
    people = frame.groupby("rural")["population"].sum()
    assert people[True] / people.sum() == pytest.approx(0.138, abs=0.005)
    by_area = frame[frame["cbsa"] != ""].groupby("cbsa")
    assert (by_area["cbsa_population"].nunique() == 1).all()
    assert (by_area["population"].sum() == by_area["cbsa_population"].first()).all()


def test_state_totals_are_complete_and_add_up() -> None:
    totals = facts.state_totals()
    assert set(totals.index) == set(facts.STATE_NAMES)
    assert totals["oncologists_metro"].sum() + totals["oncologists_rural"].sum() == facts.MEDICAL_ONCOLOGISTS
    assert totals["oncologists_rural"].sum() / facts.MEDICAL_ONCOLOGISTS == pytest.approx(0.07, abs=0.0005)  # A03
    shares = [name for name in totals if name.endswith("_share")]
    assert len(shares) == 5 and totals[shares].stack().between(0, 1).all()
    assert (totals["screen_dsh"] + totals["screen_only_if"] <= totals["hospitals_sth"]).all()
    assert (totals["screen_cah"] <= totals["hospitals_cah"]).all()
    assert totals["cases_per_year"].sum() == pytest.approx(1_784_000, rel=0.01)


def test_66_centers_treat_patients_and_stand_in_their_county() -> None:
    centers = facts.nci_centers()
    assert len(centers) == 66 and centers["name"].is_unique and centers["center"].is_unique
    assert set(centers["designation"]) == {"comprehensive", "clinical"}
    home = centers["fips"].map(facts.counties().set_index("fips")["state"])
    assert (home == centers["state"]).all()
