"""Write docs/payment-example.md: one infusion priced in every setting and year, with the arithmetic of four cases."""

from __future__ import annotations

from pathlib import Path

from oncsim.calendar import Quarter
from oncsim.cli.price_command import in_settings
from oncsim.cli.price_words import dollars, title
from oncsim.parameters import Parameters, load_registry
from oncsim.prices.case import Case, price_case
from oncsim.prices.steps import steps_of

PAGE = Path(__file__).parent.parent / "docs" / "payment-example.md"
YEARS = (2010, 2013, 2016, 2017, 2018, 2020, 2021, 2022, 2023, 2026, 2027)
WORKED = (
    ("An office", Case(setting="office"), 2026),
    ("A department on campus", Case(setting="on_campus"), 2026),
    ("The same in 340B", Case(setting="on_campus", drugs_340b=True), 2026),
    ("The same in 2019, under the 340B cut", Case(setting="on_campus", drugs_340b=True), 2019),
    ("Off campus, billing before November 2015", Case(setting="excepted"), 2026),
    ("Off campus, later", Case(setting="non_excepted"), 2026),
    ("A commercial patient in an office", Case(setting="office", payer="commercial"), 2026),
    ("A commercial patient on campus", Case(setting="on_campus", payer="commercial"), 2026),
    ("A commercial patient on campus, 340B", Case(setting="on_campus", payer="commercial", drugs_340b=True), 2026),
)
UNDER = """Dollars of the first quarter of each year. What is kept pays for staff, space and everything else. Discounts
that scale and purchasing networks bring are left out, and so are the rules of 340B that depend on the hospital:
orphan drugs, group purchasing, registration.
"""
INTRO = """# One infusion, priced

One infusion day of the standard need: the drug and its administration (CPT 96413), for a Medicare fee-for-service
patient unless said otherwise. `python tools/write_price_page.py` makes this page from the registry under current law;
`oncsim price` prints the same for any payer, setting, class of hospital, state, quarter and scenario, and with
`--csv` for scripts:

```bash
oncsim price                                            # every setting side by side
oncsim price infusion --setting excepted --340b --quarter 2019Q1
oncsim price visit --payer commercial --setting on_campus
oncsim price --set policy.site_neutral.drug_administration.on_campus=0.4
oncsim price drug --scenario medpac_addon --quarter 2027Q4 --quarter 2028Q1 --setting office
```

Three things move the rows. **Law**: the sequester of April 2013, suspended from May 2020 and back in steps in 2022;
the OPPS add-on, below the office's until 2013; the rate for 340B drugs, cut from 2018 to September 2022; Section 603,
felt from 2017 in departments that are not excepted; drug administration in excepted departments from 2026. **Fee
schedules**: where no rate was published for a year, it follows the conversion factor of its schedule from a published
one (2021 and 2026 for administration; `oncsim params show payment.medicare.administration_office` says so).
**Prices**: the drug is an original product whose average sales price follows `payment.drug.price_level`.
[Policies](policies.md) has the law year by year.
"""


def page() -> str:
    """Return the page."""
    parameters = Parameters(load_registry())
    parts = [INTRO, "## What the provider receives, by year\n", _by_year(parameters, "receipt")]
    parts += ["## What it keeps after buying the drug\n", _by_year(parameters, "margin")]
    parts.append(UNDER)
    for name, case, year in WORKED:
        parts += [f"## {name}\n", f"{title(case)}; {year}Q1.\n", _steps(parameters, case, year)]
    return "\n".join(parts)


def _by_year(parameters: Parameters, what: str) -> str:
    columns = [in_settings(parameters, Case(), Quarter(year, 1)) for year in YEARS]
    rows = ["| setting | " + " | ".join(str(year) for year in YEARS) + " |", "|---|" + "---:|" * len(YEARS)]
    for row, (label, _) in enumerate(columns[0]):
        if label != "home":
            rows.append(f"| {label} | " + " | ".join(f"{getattr(column[row][1], what):,.0f}" for column in columns) + " |")
    return "\n".join(rows) + "\n"


def _steps(parameters: Parameters, case: Case, year: int) -> str:
    rows = ["| step | how | dollars |", "|---|---|---:|"]
    for step in steps_of(price_case(parameters, case, Quarter(year, 1))):
        what = f"**{step.what}**" if step.total else step.what
        rows.append(f"| {what} | {step.how} | {dollars(step.amount)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
