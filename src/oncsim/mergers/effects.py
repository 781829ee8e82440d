"""What is said of a deal at one payer: leverage, diversion, pressure and prices of the parties, in the units of people."""

from __future__ import annotations

from dataclasses import dataclass

MODELS = ("nash_linear", "wtp_passthrough")


@dataclass(frozen=True)
class Rival:
    """Where patients of a party would turn.

    Attributes
    ----------
    id, name, kind : str
    ratio : float
        Diversion ratio: share of the party's patients, 0 to 1.
    """

    id: str
    name: str
    kind: str
    ratio: float


@dataclass(frozen=True)
class PartyAtPayer:
    """One party and one payer before the deal.

    Attributes
    ----------
    in_network : bool
        Whether it is in the payer's network now; one that is not is weighed, by its rivals too, as it would be inside.
    patients : float
        Standard patients a year, ``4 q``.
    price, cost : float
        Mean price in force over its sites and avoidable cost of a standard patient, in standard contracts.
    willingness : float
        What the payer would pay not to lose it, dollars a year: ``4 tau W`` times the worth of a standard patient
        (Capps, Dranove and Satterthwaite 2003).
    diversion : float
        Share of its patients whose next choice is the other party, ``D_ab``.
    beyond : float
        Share who would be treated beyond every system.
    rivals : tuple of Rival
        The others its patients would turn to, largest first.
    guppi : float
        ``D_ab (p_b - c_b) / p_a``, a share of its price.
    pressure : float
        Upward pricing pressure of Farrell and Shapiro (2010) before any saving of cost, ``D_ab (p_b - c_b)``, dollars a
        standard patient.
    renewed : dict of str to float
        Price with all contracts renewed, by model, in standard contracts.
    agreed : bool
        Whether there is a gain from trade at Nash prices.
    largest : float
        Its highest share in any zone and need.
    """

    in_network: bool
    patients: float
    price: float
    cost: float
    willingness: float
    diversion: float
    beyond: float
    rivals: tuple[Rival, ...]
    guppi: float
    pressure: float
    renewed: dict[str, float]
    agreed: bool
    largest: float


@dataclass(frozen=True)
class PriceEffect:
    """What one model of bargaining says, all contracts renewed without the deal and with it.

    Attributes
    ----------
    after : float
        Price of the parties as one, in standard contracts.
    level : float
        Relative change of the parties' bargained price, weighted by their patients before.
    leverage_alone : float
        The part of it that comes from leverage: the parties keep their cost, and the part of the gains from trade that they
        have now.
    paid : float
        Relative change of what the payer pays the parties, contracts at administered rates included.
    payer : float
        Relative change of what the payer pays all systems, rivals' prices moving too.
    dollars : float
        The same in dollars a year, by the standard contract.
    agreed : bool
        Whether parties and payer still gain from a contract.
    """

    after: float
    level: float
    leverage_alone: float
    paid: float
    payer: float
    dollars: float
    agreed: bool


@dataclass(frozen=True)
class PayerEffect:
    """What a deal does at one payer.

    Attributes
    ----------
    payer : str
        Code of ``codes.PAYERS``.
    worth : float
        Dollars of a standard patient by the standard contract: one standard contract.
    value : float
        ``tau``, what a util of access is worth to the payer, in standard contracts a standard patient.
    bargained : float
        Share of the payer's contracts that are bargained; the others pay the administered rate.
    one, other : PartyAtPayer
    willingness : float
        Of both as one, dollars a year.
    gain : float
        Relative rise of willingness to pay over the sum of both apart, ``W_ab / (W_a + W_b) - 1``.
    weight_before : tuple of float
        Bargaining weights of the parties.
    weight_after, weight_kept : float
        The weight of both as one (higher of their kinds, oncologists of both), and the one that would keep their part of the
        gains from trade.
    recapture : float
        What the buyer's hospitals would keep of the target's patients, which stiffens its bargaining: rise of the avoidable
        cost of a standard patient, in standard contracts; 0 unless a system or center buys a practice.
    effects : dict of str to PriceEffect
        By model.
    rivals : tuple of Rival
        Where patients would turn without both parties.
    beyond : float
        Share who would be treated beyond every system without both.
    outside : tuple of str
        Names of systems with patients that are out of the payer's network now.
    no_gain : tuple of str
        Names of systems without a gain from a contract at Nash prices before the deal.
    no_gain_after : tuple of str
        Those after it.
    """

    payer: str
    worth: float
    value: float
    bargained: float
    one: PartyAtPayer
    other: PartyAtPayer
    willingness: float
    gain: float
    weight_before: tuple[float, float]
    weight_after: float
    weight_kept: float
    recapture: float
    effects: dict[str, PriceEffect]
    rivals: tuple[Rival, ...]
    beyond: float
    outside: tuple[str, ...]
    no_gain: tuple[str, ...]
    no_gain_after: tuple[str, ...]
