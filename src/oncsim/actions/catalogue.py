"""What a scenario event may do: the name of each action, what it is done to, and the arguments it takes.

This file is read when a scenario is checked, so it imports nothing of the model. The deeds themselves are in
:mod:`oncsim.actions.deeds`; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from oncsim.codes import ORG_KINDS, SERVICE_LINES, SITE_KINDS, TIE_FORMS


@dataclass(frozen=True)
class Argument:
    """One argument of an action.

    Parameters
    ----------
    kind : str
        ``number``, ``integer``, ``text``, ``flag``, ``choice``, ``org`` (one organisation, by name, id or alias),
        ``place`` (a zone id or name, or a mapping with lat and lon).
    meaning : str
        One sentence for the reader.
    required : bool
        Whether it must be given.
    choices : tuple of str
        Allowed words where ``kind`` is ``choice``.
    minimum, maximum : float or None
        Limits of a number.
    default : object
        Used where it is not given.
    """

    kind: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: object = None


@dataclass(frozen=True)
class Action:
    """One action: its sentence, the organisation kinds it applies to, and its arguments."""

    name: str
    meaning: str
    targets: tuple[str, ...]
    arguments: dict[str, Argument] = field(default_factory=dict)


_PROVIDERS = ("practice", "health_system", "academic_center")

ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action(
            "takeover",
            "the organisation `by` takes over the chosen organisations at once, without offer or review",
            _PROVIDERS,
            {
                "by": Argument("org", "the organisation that takes over", required=True),
                "price": Argument("number", "dollars paid to the sellers", minimum=0, default=0.0),
            },
        ),
        Action(
            "buy_stake",
            "the organisation `by` buys a part of the chosen practices; with more than half of control it owns them",
            ("practice",),
            {
                "by": Argument("org", "the organisation that buys", required=True),
                "owner_share": Argument("number", "part of profits and of a later sale", True, minimum=0, maximum=1),
                "control_share": Argument("number", "part of the say; the ownership share by default", minimum=0, maximum=1),
                "price": Argument("number", "dollars paid to the sellers", minimum=0, default=0.0),
            },
        ),
        Action(
            "release",
            "the owner gives an acquired practice back to its physicians, who are independent again",
            ("practice",),
        ),
        Action(
            "open_site",
            "the chosen organisations each open a site",
            _PROVIDERS,
            {
                "place": Argument("place", "zone id or name, or lat and lon; default the seat of the organisation"),
                "kind": Argument("choice", "site kind; default fits the organisation", choices=SITE_KINDS),
                "chairs": Argument("number", "infusion chairs", minimum=0, maximum=500, default=8.0),
                "oncologists": Argument("integer", "oncologists hired for it", minimum=0, maximum=200, default=1),
                "add": Argument("choice", "a service line it offers besides infusion", choices=SERVICE_LINES),
            },
        ),
        Action(
            "close_site",
            "the chosen organisations close a site (all of their sites where none is named)",
            _PROVIDERS,
            {"site": Argument("text", "site id or name; default every site of the organisation")},
        ),
        Action("gain_340b", "the hospitals of the chosen organisations become 340B participants", _PROVIDERS[1:]),
        Action("lose_340b", "the hospitals of the chosen organisations leave 340B", _PROVIDERS[1:]),
        Action(
            "capacity_shock",
            "capacity of every site of the chosen organisations changes for some quarters",
            _PROVIDERS,
            {
                "fraction": Argument("number", "relative change, -0.15 is 15 % less", True, minimum=-1, maximum=5),
                "quarters": Argument("integer", "how long it lasts", minimum=1, maximum=120, default=4),
            },
        ),
        Action(
            "oncologists_join",
            "oncologists join the chosen organisations",
            _PROVIDERS,
            {"count": Argument("integer", "how many, each organisation", True, minimum=1, maximum=200)},
        ),
        Action(
            "oncologists_leave",
            "oncologists leave the chosen organisations and the market",
            _PROVIDERS,
            {"count": Argument("integer", "how many, each organisation", True, minimum=1, maximum=200)},
        ),
        Action(
            "sign_tie",
            "the chosen organisations each sign a tie with `with`",
            _PROVIDERS,
            {
                "with": Argument("org", "the partner", required=True),
                "form": Argument("choice", "partnership form", choices=TIE_FORMS[:-2], default="referral"),
                "trust": Argument("number", "trust in both directions", minimum=0, maximum=1),
            },
        ),
        Action(
            "end_tie",
            "ties of the chosen organisations end (only those with `with` where it is given)",
            _PROVIDERS,
            {"with": Argument("org", "the partner")},
        ),
        Action(
            "join_network",
            "the chosen practices join a network",
            ("practice",),
            {"network": Argument("org", "the network", required=True)},
        ),
        Action("leave_network", "the chosen practices leave their network", ("practice",)),
        Action("found_network", "each chosen practice founds a network of which it is the first member", ("practice",)),
        Action(
            "set_governance",
            "the chosen organisations agree with a partner on check-ins and on sharing outcome data",
            _PROVIDERS,
            {
                "with": Argument("org", "the partner", required=True),
                "checks": Argument("number", "scheduled check-ins a year", minimum=0, maximum=52),
                "shared_data": Argument("flag", "whether both see the outcomes of shared patients"),
            },
        ),
        Action(
            "set_conduct",
            "the chosen organisations change how they treat all of their partners",
            _PROVIDERS,
            {
                "returns": Argument("number", "part of follow-up care sent back to who referred", minimum=0, maximum=1),
                "regard": Argument("number", "weight given to a dollar it would cost a partner", minimum=0, maximum=10),
            },
        ),
        Action(
            "announce_change",
            "the chosen organisations announce a change to the staff of both sides of a partnership",
            _PROVIDERS,
            {
                "with": Argument("org", "the partner", required=True),
                "early": Argument("flag", "early and often (true) or late (false)", default=True),
                "consistent": Argument("flag", "in the usual way (true) or unlike past style (false)", default=True),
            },
        ),
        Action(
            "misfit",
            "something small goes wrong between the chosen organisations and a partner",
            _PROVIDERS,
            {
                "with": Argument("org", "the partner", required=True),
                "severity": Argument("number", "how bad, an ordinary bad quarter is 1", minimum=0, maximum=8, default=1.0),
                "answered": Argument("flag", "whether it is reported and put right", default=True),
            },
        ),
        Action(
            "end_privileges",
            "the chosen owners of hospitals end the staff privileges of a practice",
            _PROVIDERS[1:],
            {"of": Argument("org", "the practice", required=True)},
        ),
        Action(
            "add_line",
            "the chosen organisations add a service, at their largest site or, without a site, at their hospitals",
            _PROVIDERS,
            {"line": Argument("choice", "the service", True, choices=SERVICE_LINES)},
        ),
        Action(
            "drop_line",
            "the chosen organisations give up a service",
            _PROVIDERS,
            {"line": Argument("choice", "the service", True, choices=SERVICE_LINES)},
        ),
    )
}

# Ways to choose organisations in an event: `org:` takes a name, an id or one of these aliases.
ALIASES = {
    "largest_system": "the active health system with most oncologists",
    "largest_practice": "the active independent practice with most oncologists",
    "largest_academic_center": "the active academic center with most oncologists",
    "largest_network": "the active network with most member practices",
}

# Further keys that narrow or replace `org:`; all given ones must hold.
SELECTORS: dict[str, Argument] = {
    "org": Argument("org", "one organisation by name, id or alias"),
    "kind": Argument("choice", "every organisation of this kind", choices=ORG_KINDS[:3]),
    "market": Argument("text", "organisations whose seat is in this market (id or name)"),
    "state": Argument("text", "organisations whose seat is in this state"),
    "rural": Argument("flag", "organisations whose seat is in a rural (true) or metropolitan (false) zone"),
    "eligible_340b": Argument("flag", "organisations with (true) or without (false) a 340B hospital"),
    "share": Argument("number", "a keyed random share of those that fit", minimum=0, maximum=1, default=1.0),
}
