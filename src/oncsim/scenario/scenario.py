"""A scenario, read and checked: everything a run needs to know, and where each part of it was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.calendar import Quarter, quarters_between
from oncsim.parameters.leaf import Citation
from oncsim.parameters.lookup import Parameters
from oncsim.scenario.events import ScheduledEvent

if TYPE_CHECKING:
    from oncsim.market.spec import AnyMarket
    from oncsim.scenario.shape import Case, Expectation, Settings


@dataclass(frozen=True)
class PublishedScore:
    """A published estimate of what a policy spends or saves.

    Parameters
    ----------
    amount : float
        Dollars over the years; negative is a saving.
    years : int
        Number of years it covers.
    of : str
        Whose spending, for example Medicare.
    source : Citation
        Where it was published.
    note : str
        What differs from the scenario.
    """

    amount: float
    years: int
    of: str
    source: Citation
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is written in a scenario file."""
        from oncsim.scenario.resolved import cited

        entry = {"amount": self.amount, "years": self.years, "of": self.of, "source": cited(self.source)}
        return entry | ({"note": self.note} if self.note else {})


@dataclass(frozen=True)
class Scenario:
    """One question, put to one market over one horizon.

    Parameters
    ----------
    id, title, question, description, audience : str
        What it is, for people; empty where not given.
    start, end : Quarter
        First and last quarter.
    market : EmbeddedMarket, FilesMarket, ArchetypeMarket or ComposedMarket
        Which market.
    folder : pathlib.Path
        Folder of the file that names the market: tables of a files market are relative to it.
    parameters : Parameters
        The registry with what the scenario changes.
    events : tuple of ScheduledEvent
        What happens at a quarter, in the order of the files.
    expect : tuple of Expectation
        What should come out.
    settings : Settings
        ``patients``, ``settle_quarters``, ``replicates``.
    provenance : dict
        File and line (``file:line``) of each part, by its dotted place.
    warnings : tuple of str
        What a reader of the results should know.
    mechanism : str
        How the policy is meant to act, for people; empty where not given.
    published : tuple of PublishedScore
        Published estimates of the same policy, to stand beside the result.
    case : Case, optional
        The situation from practice that it is about, where it is a case.
    variants : dict
        What each variant of a case changes, as written, by name.
    variant : str
        Name of the variant of a case that this is; empty otherwise.
    """

    id: str
    title: str
    question: str
    description: str
    audience: str
    start: Quarter
    end: Quarter
    market: AnyMarket
    folder: Path
    parameters: Parameters
    events: tuple[ScheduledEvent, ...]
    expect: tuple[Expectation, ...]
    settings: Settings
    provenance: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    mechanism: str = ""
    published: tuple[PublishedScore, ...] = ()
    case: Case | None = None
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    variant: str = ""

    @property
    def quarters(self) -> list[Quarter]:
        """Every quarter of the run, in order."""
        return quarters_between(self.start, self.end)

    @property
    def replicates(self) -> int:
        """Replicates that are run where the command gives no number."""
        return self.settings.replicates

    def resolved(self) -> dict[str, Any]:
        """Return everything that is run, inheritance and defaults resolved, as plain data."""
        from oncsim.scenario.resolved import resolve

        return resolve(self)

    def resolved_yaml(self) -> str:
        """Return :meth:`resolved` as a scenario file that loads again with the same result."""
        from oncsim.scenario.resolved import to_yaml

        return to_yaml(self.resolved())

    @cached_property
    def digest(self) -> str:
        """Hash of everything that is run (64 hexadecimal digits); equal content has an equal digest."""
        from oncsim.scenario.resolved import digest

        return digest(self.resolved())
