"""Partnership: ties between organisations and the trust in them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACTIVE, TIE_FORMS
from oncsim.metrics.registry import INTERFACE, Row, metric
from oncsim.metrics.view import View
from oncsim.ties.ladder import IN_FORCE

_WORDS = "A tie is active from signing to its end: stages ramp_up, active, deepened and scaled_back."


def _in_force(view: View) -> NDArray[np.bool_]:
    return IN_FORCE[view.model.ties.stage]


@metric(
    "partnership.active",
    title="Active ties",
    definition="Ties between organisations in force at the end of the quarter; practices that are members of a network "
    "and organisations owned by another count as forms of their own. " + _WORDS,
    unit="ties",
    groups=("form",),
)
def active(view: View) -> Iterator[Row]:
    """Return the number of active ties, by form."""
    orgs = view.model.orgs
    counts = np.bincount(view.model.ties.form[_in_force(view)], minlength=len(TIE_FORMS))
    counts[TIE_FORMS.index("network_membership")] += ((orgs.network >= 0) & (orgs.status == ACTIVE)).sum()
    counts[TIE_FORMS.index("acquisition")] += (orgs.owner >= 0).sum()
    yield "all", "", float(counts.sum())
    for form, count in zip(TIE_FORMS, counts, strict=True):
        yield "all", f"form={form}", float(count)


def _completed(event: str, view: View) -> Iterator[Row]:
    yield "all", "", float(view.model.counts.get(event, 0))


for _name, _event, _title, _definition in (
    ("formed", "tie_formed", "Ties formed", "Ties signed in the quarter."),
    ("dissolved", "tie_dissolved", "Ties dissolved", "Ties ended in the quarter."),
    ("deepened", "tie_deepened", "Ties deepened", "Ties that went on to a tighter form in the quarter."),
    (
        "scaled_back",
        "tie_scaled_back",
        "Ties scaled back",
        "Ties scaled back in the quarter because they had lost their worth.",
    ),
):
    metric(f"partnership.{_name}", title=_title, definition=_definition, unit="ties")(partial(_completed, _event))


@metric(
    "partnership.age_median",
    title="Median age of active ties",
    definition="Median of their age in quarters over active ties other than membership and ownership. " + _WORDS,
    unit="quarters",
)
def age_median(view: View) -> Iterator[Row]:
    """Return the median age of active ties, in quarters."""
    ages = view.model.ties.age[_in_force(view)]
    if len(ages):
        yield "all", "", float(np.median(ages))


@metric(
    "partnership.trust_mean",
    title="Mean trust between partners",
    definition="Mean of the trust in both directions over active ties other than membership and ownership. " + _WORDS,
    unit="0-1",
    source=INTERFACE,
    better="higher",
)
def trust_mean(view: View) -> Iterator[Row]:
    """Return the mean trust between partners."""
    ties, some = view.model.ties, _in_force(view)
    if some.any():
        yield "all", "", float((ties.trust_ab[some] + ties.trust_ba[some]).mean() / 2)


@metric(
    "partnership.staff_support",
    title="Support of the staff",
    definition="Mean support of the staff of both sides over active ties other than membership and ownership. " + _WORDS,
    unit="0-1",
    better="higher",
)
def staff_support(view: View) -> Iterator[Row]:
    """Return the mean support of the staff for their partnerships."""
    ties, some = view.model.ties, _in_force(view)
    if some.any():
        yield "all", "", float(ties.staff[some].mean())


@metric(
    "partnership.continuum",
    title="Care that patients find with their provider or its partners",
    definition="Of the services that patients need in a course of treatment (partnership.line.need), the part that the "
    "organisation where they start has itself or that its partners bring, as far as the tie works; mean over patients "
    "starting treatment.",
    unit="share",
    better="higher",
)
def continuum(view: View) -> Iterator[Row]:
    """Return the mean part of needed services that patients find with their provider or its partners."""
    from oncsim.ties.continuum import continuum as continuum_of  # brings scipy: not needed to list metrics

    model = view.model
    started = model.sites.starts.sum(axis=1)
    total = float(started.sum())
    if total > 0:
        own, brought = continuum_of(cast(Any, model))
        yield "all", "", float((started * (own + brought)[model.sites.org]).sum() / total)
