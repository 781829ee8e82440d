"""Figure: the shape of a network over the quarters - partners, communities, bridges, and what its ties are."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.network_marks import FORM_LOOKS
from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from oncsim.reports.metric_facts import FORM_WORDS

# Names of more forms do not fit above a panel.
_SHOWN_FORMS = 4
_SHORT = {
    "network_membership": "network",
    "clinical_affiliation": "affiliation",
    "inpatient_coverage": "inpatient",
    "telehealth_hub": "telehealth",
    "professional_services": "services",
    "employer_bundle": "bundle",
}


def network_over_time(measures: pd.DataFrame, forms: pd.DataFrame) -> Figure:
    """Draw partners, isolated providers, communities, bridges and shares of ties by form over the quarters.

    Parameters
    ----------
    measures : pandas.DataFrame
        The table ``network.csv``: replicate, quarter and measures.
    forms : pandas.DataFrame
        The table ``network_by_form.csv``: replicate, quarter, form, ties, share.
    """
    names = [name for name in measures.columns if name not in ("replicate", "quarter")]
    tidy = measures.melt(["replicate", "quarter"], names, var_name="metric").assign(group="")
    shares = forms.assign(metric="share", group=forms["form"], value=forms["share"])
    tidy = pd.concat([tidy, shares[tidy.columns]], ignore_index=True)
    largest = forms.groupby("form")["ties"].sum().sort_values(ascending=False, kind="stable")
    shown = [str(form) for form, ties in largest.items() if ties > 0][:_SHOWN_FORMS]
    by_form = tuple(
        Line("share", form, _SHORT.get(form, FORM_WORDS.get(form, form)).lower(), FORM_LOOKS[form][0]) for form in shown
    )
    some = "commonest forms, " if len(largest) > _SHOWN_FORMS else ""
    panels = (
        Panel("Partners of an organisation", "partners", (Line("degree_mean"),), "mean number, of those with a tie"),
        Panel(
            "Providers without a tie", "share", (Line("share_isolated", color=PURPLE),), "share of those treating patients"
        ),
        Panel(
            "Communities and separate parts",
            "number",
            (Line("communities", "", "communities", GREEN), Line("components", "", "separate parts", ORANGE, "--")),
            "number",
        ),
        Panel(
            "Modularity", "-1 to 1", (Line("modularity", color=GREEN),), "0: no communities; near 1: hardly tied to others"
        ),
        Panel(
            "Bridges",
            "number",
            (
                Line("bridges", "", "bridges", BLUE),
                Line("inner_bridges", "", "inner", SKY, "--"),
                Line("articulation_points", "", "joining organisations", VERMILLION, ":"),
            ),
            "number; inner: both ends have other partners",
        ),
        Panel("What ties are", "share", by_form, f"{some}share of ties in force"),
    )
    return time_panels(tidy, panels)
