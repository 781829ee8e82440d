"""What 340B leaves the hospitals of a run: the largest margins of the last year."""

from __future__ import annotations

from typing import Any

from oncsim.reports import words
from oncsim.reports.reading import RunTables, read_table

SHOWN = 10
_NUMBERS = ["departments", "drug_dollars", "margin"]
_COLUMNS = ["replicate", "year", "hospital", "name", "org", "route", *_NUMBERS]
_ROUTES = {
    "DSH": "disproportionate share",
    "SCH": "sole community",
    "RRC": "rural referral",
    "CAH": "critical access",
    "CAN": "cancer hospital",
    "PED": "children's",
}
HEADS = ["Hospital", "Route", "Departments", "Drugs at 340B prices", "340B margin", "Margin per drug dollar"]


def hospitals_section(run: RunTables) -> dict[str, Any]:
    """Return the ten largest 340B margins of the last full year; no rows where no hospital takes part.

    Dollars are means over replicates (a replicate in which a hospital does not take part counts as zero).
    """
    found: dict[str, Any] = {"hospitals_340b": [], "hospitals_340b_heads": HEADS, "hospitals_340b_note": ""}
    table = read_table(run.folder, "hospitals_340b", _COLUMNS)
    if table is None or table.empty:
        return found
    year = last_full_year(run.quarters)
    own = table[table["year"].astype(str) == year]
    count = max(len(run.replicates), 1)
    sums = own.groupby("hospital")[_NUMBERS].sum() / count
    if sums.empty or not (sums["drug_dollars"] > 0).any():
        return found
    last = own.fillna({"name": "", "route": ""}).drop_duplicates("hospital")
    names, routes = (dict(zip(last["hospital"], last[column].astype(str), strict=True)) for column in ("name", "route"))
    largest = sums.sort_values("margin", ascending=False, kind="stable").head(SHOWN)
    rows = []
    for hospital, row in largest.iterrows():
        spent, margin = float(row["drug_dollars"]), float(row["margin"])
        route = routes[hospital]
        rows.append(
            [
                names[hospital] or str(hospital),
                _ROUTES.get(route, words.code_words(route)) or "left the program",
                words.plain(round(float(row["departments"]), 1)),
                words.amount(spent, words.TOTAL),
                words.amount(margin, words.TOTAL),
                f"{margin / spent:.2f}" if spent > 0 else "",
            ]
        )
    total = words.amount(float(sums["margin"].sum()), words.TOTAL)
    note = (
        f"The {len(rows)} largest of {words.counted(len(sums), 'hospital')} in 340B in {year}, "
        f"{'mean over replicates' if count > 1 else 'one replicate'}; all together have {total}. Departments for oncology "
        "alone; all hospitals and years are in the table hospitals_340b."
    )
    return found | {"hospitals_340b": rows, "hospitals_340b_note": note}


def last_full_year(quarters: list[str]) -> str:
    """Return the last calendar year of which all quarters were run, else the last one."""
    years = [quarter[:4] for quarter in quarters]
    whole = [year for year in dict.fromkeys(years) if years.count(year) == 4]
    return whole[-1] if whole else years[-1]
