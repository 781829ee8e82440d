"""Figure: what one deal would do to concentration, where patients would turn, prices, and where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

from oncsim.reports.figures.style import BLUE, GREY, HALO, ORANGE, VERMILLION, WIDTH, new_figure, spread, styled

if TYPE_CHECKING:
    from oncsim.mergers import MergerAnalysis
    from oncsim.mergers.effects import PartyAtPayer, PayerEffect
    from oncsim.mergers.markets import MarketEffect

_ONE, _OTHER = BLUE, ORANGE
_HEIGHT = 7.9
_TITLE, _FOOT = 0.9, 0.3  # inches for the heading and for the note at the foot
_LEFT, _RIGHT, _COLUMN = 0.12, 4.42, 4.06  # inches: where the two columns begin, and their width
_NAMES, _MODEL_NAMES = 1.86, 0.95  # inches left of bars for names
_MOST_LABELS = 5
_LETTERS = 27
_LETTER = 0.068  # inches of a letter in the names of markets
_MODELS = (("nash_linear", "Nash"), ("wtp_passthrough", "pass-through"))
_PAYERS = (("commercial", "Commercial"), ("medicare_advantage", "Medicare Advantage"))
_REST = "#B7D3EA"  # a light shade of the parties' blue, for what is not leverage
_SCREENS = {"2010": ("#F2B39B", "2010"), "2023": ("#FBE6D4", "2023")}


@styled
def merger(deal: MergerAnalysis) -> Figure:
    """Draw what a deal would do in four panels.

    Parameters
    ----------
    deal : MergerAnalysis
        As from :func:`oncsim.mergers.merger_analysis`.
    """
    figure = new_figure(WIDTH, _HEIGHT)
    title = f"{_short(deal.one.name, 44)} buys {_short(deal.other.name, 44)}"
    size = 12.5 if len(title) <= 76 else 10.5
    figure.text(_LEFT / WIDTH, 1 - 0.1 / _HEIGHT, title, fontsize=size, fontweight="bold", va="top")
    where = f"{_short(deal.market_name, 60)}, end of {deal.quarter}, scenario {deal.scenario}; what this model says"
    figure.text(_LEFT / WIDTH, 1 - 0.36 / _HEIGHT, where, fontsize=9, va="top", color="#555555")
    row = (_HEIGHT - _TITLE - _FOOT) / 2
    high, low = _FOOT + row, _FOOT
    moved = "rise of the HHI in each market; red ones cross a screen"
    _concentration(_panel(figure, _LEFT, high, row, 0.62, "Concentration", moved, 0.42), deal)
    turn = "share of commercial patients of a party, without it"
    _diversion(_panel(figure, _RIGHT, high, row, _NAMES, "Where patients would turn", turn), deal)
    renewed = "change with all contracts renewed, before any rate table"
    _prices(_panel(figure, _LEFT, low, row, _MODEL_NAMES, "Bargained price of the parties", renewed, 0.3), deal)
    there = "share of commercial patients who live there"
    _zones(_panel(figure, _RIGHT, low, row, _NAMES, "Where it matters", there), deal)
    _foot(figure, deal)
    return figure


def _panel(
    figure: Figure, left: float, bottom: float, row: float, names: float, title: str, what: str, foot: float = 0.08
) -> Axes:
    """Return the axes of a panel below its heading, with room left of it for names and below it for ``foot``, in inches.

    Axes in inches: automatic layout would draw every figure twice.
    """
    top = bottom + row
    figure.text(left / WIDTH, (top - 0.12) / _HEIGHT, title, fontsize=10.5, fontweight="bold", va="top")
    figure.text(left / WIDTH, (top - 0.31) / _HEIGHT, what, fontsize=8.5, color="#555555", va="top")
    height = row - 0.56 - foot - 0.1
    box = (left + names, bottom + foot + 0.1, _COLUMN - names, height)
    return figure.add_axes((box[0] / WIDTH, box[1] / _HEIGHT, box[2] / WIDTH, box[3] / _HEIGHT))


def _foot(figure: Figure, deal: MergerAnalysis) -> None:
    handles = [Patch(color=_ONE, label=_short(deal.one.name, 46)), Patch(color=_OTHER, label=_short(deal.other.name, 46))]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=((_LEFT - 0.06) / WIDTH, 1 - (_TITLE - 0.26) / _HEIGHT),
        ncol=2,
        fontsize=9,
        borderpad=0,
        handlelength=1.2,
    )
    note = "Patients stay where they are; all contracts renewed at once."
    real = any(text.startswith("names come from") for text in deal.notes)
    if real:
        note += " Names are real, deeds are simulated: this is no statement about a real organisation."
    figure.text(_LEFT / WIDTH, 0.1 / _HEIGHT, note, fontsize=8, color="#555555", va="bottom")


def _short(name: str, letters: int = _LETTERS) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1].rstrip()}…"


def _concentration(axes: Axes, deal: MergerAnalysis) -> None:
    """Draw the rise of the HHI against its level after the deal, over the screens."""
    markets = deal.markets
    top = max([market.change for market in markets] + [320.0]) * 1.7
    right = max([market.hhi_after for market in markets] + [3200.0]) * 1.06
    right = min(right, 10_400.0)
    axes.set_xlim(0, right)
    # Linear up to the smallest screen, logarithmic beyond: a change of 2,000 leaves one of 150 visible.
    axes.set_yscale("symlog", linthresh=100, linscale=0.8)
    axes.set_ylim(-6, top)
    axes.set_yticks([tick for tick in (0, 50, 100, 200, 500, 1000, 2000, 5000) if tick <= top])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MultipleLocator(1000.0 if right <= 5200 else 2000.0))
    axes.set_xlabel("HHI after the deal")
    # The wider screen first, so that the narrower lies on it.
    for rule in sorted(deal.screens[:2], key=lambda rule: rule.hhi):
        color, name = _SCREENS[rule.name]
        corner = (rule.hhi, rule.change)
        axes.add_patch(Rectangle(corner, right * 2, top * 2, facecolor=color, edgecolor=VERMILLION, linewidth=0.7, zorder=0))
        axes.annotate(
            f"screen of {name}",
            (right, rule.change),
            xytext=(-3, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7.5,
            color="#8A3B12",
            zorder=1,
        )
    for market in markets:
        crossed = any(name != "now" for name in market.crossed)
        axes.plot(
            [market.hhi_after],
            [max(market.change, 0.0)],
            marker="o",
            markersize=6.5 if crossed else 5.5,
            color=VERMILLION if crossed else BLUE,
            markeredgecolor="white",
            markeredgewidth=0.6,
            clip_on=False,
            zorder=4,
        )
    _name_markets(axes, deal, right)


def _name_markets(axes: Axes, deal: MergerAnalysis, right: float) -> None:
    """Name the markets that cross a screen, else those that change most, apart from each other."""
    moved = [market for market in deal.markets if market.change > 0.5] or list(deal.markets[:1])
    crossing = [market for market in moved if market.crossed]
    named: list[MarketEffect] = (crossing + [market for market in moved if not market.crossed])[:_MOST_LABELS]
    if not named:
        return
    at = [float(axes.transData.transform((0, max(market.change, 0.0)))[1]) for market in named]
    dots = axes.figure.dpi / 72.0
    heights = spread(at, 11.5 * dots)
    for market, was, height in zip(named, at, heights, strict=True):
        name = _short(market.name, 30)
        # Left of its point where the axes end before the name does.
        left = market.hhi_after / right + len(name) * _LETTER / (_COLUMN - 0.62) > 1.0
        note = axes.annotate(
            name,
            (market.hhi_after, max(market.change, 0.0)),
            xytext=(-7 if left else 7, (height - was) / dots),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=8,
            zorder=5,
            annotation_clip=False,
        )
        note.set_path_effects([*HALO])


def _diversion(axes: Axes, deal: MergerAnalysis) -> None:
    """Draw where commercial patients of each party would turn without it."""
    effect = _payer(deal, "commercial")
    if effect is None:
        return
    rows: list[tuple[str, float, str]] = []
    sides = ((deal.one.name, effect.one, deal.other.name, _OTHER), (deal.other.name, effect.other, deal.one.name, _ONE))
    for name, stand, partner, color in sides:
        if rows:
            rows.append(("", 0.0, "gap"))
        rows += [(f"without {_short(name, 40)}", 0.0, "head"), *_turns(stand, partner, color)]
    _bars(axes, rows)


def _turns(stand: PartyAtPayer, partner: str, color: str) -> list[tuple[str, float, str]]:
    """Return (name, ratio, colour) of the other party and the nearest rivals, largest first."""
    found = [(partner, stand.diversion, color)] + [(rival.name, rival.ratio, GREY) for rival in stand.rivals]
    return sorted(found, key=lambda row: -row[1])


def _bars(axes: Axes, rows: list[tuple[str, float, str]]) -> None:
    longest = max([value for _, value, _ in rows] + [0.01])
    axes.set_xlim(0, longest * 1.24)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    for place, (name, value, kind) in enumerate(rows):
        if kind == "head":
            _row_name(axes, place, name, 8.5, "bold", -_NAMES)
        if kind in ("head", "gap"):
            continue
        axes.barh([place], [value], height=0.74, color=kind)
        _row_name(axes, place, _short(name), 8, "normal")
        _value(axes, value, place, f"{100 * value:.1f} %")
    _bare(axes)


def _row_name(axes: Axes, place: float, text: str, size: float, weight: str, inches: float = 0.0) -> None:
    """Write a name left of the axes: against them, or beginning so many inches before them."""
    axes.annotate(
        text,
        (0, place),
        xycoords=("axes fraction", "data"),
        xytext=(inches * 72 if inches else -4, 0),
        textcoords="offset points",
        ha="left" if inches else "right",
        va="center",
        fontsize=size,
        fontweight=weight,
        annotation_clip=False,
    )


def _value(axes: Axes, x: float, place: float, text: str) -> None:
    axes.annotate(text, (x, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8, color="#333333")


def _bare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _prices(axes: Axes, deal: MergerAnalysis) -> None:
    """Draw the change of the parties' bargained price by payer and model, and the part that leverage makes."""
    place, ends, labels = 0.0, [0.0], []
    for code, name in _PAYERS:
        effect = _payer(deal, code)
        if effect is None:
            continue
        some = "" if effect.bargained >= 1 else f", {effect.bargained:.0%} of contracts"
        _row_name(axes, place, f"{name}{some}", 8.5, "bold", -_MODEL_NAMES)
        for model, short in _MODELS:
            place += 1
            found = effect.effects[model]
            alone = found.leverage_alone
            axes.barh([place], [alone], height=0.62, color="#3B3B3B")
            # Where the two parts point apart the second lies over the first: a thinner bar lets both be seen.
            height = 0.62 if alone * (found.level - alone) >= 0 else 0.26
            axes.barh([place], [found.level - alone], left=[alone], height=height, color=_REST)
            _row_name(axes, place, short, 8, "normal")
            ends += [alone, found.level]
            labels.append((place, found.level, alone))
        place += 1.3
    axes.set_ylim(place - 0.9, -0.6)
    low, high = min(ends), max(max(ends), 0.002)
    axes.set_xlim(1.15 * low if low < 0 else 0.0, high * 1.32)
    for at, level, alone in labels:
        _value(axes, max(level, alone, 0.0), at, _signed(level))
        axes.plot([0, 0], [at - 0.42, at + 0.42], color="#777777", linewidth=0.9)
    _bare(axes)
    handles = [
        Patch(color="#3B3B3B", label="from leverage alone"),
        Patch(color=_REST, label="from the weight of both as one, and referrals"),
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-(_MODEL_NAMES + 0.04) / (_COLUMN - _MODEL_NAMES), 0.0),
        ncol=2,
        fontsize=8,
        borderpad=0,
        handlelength=1.1,
        columnspacing=1.0,
    )


def _signed(value: float) -> str:
    size = 100 * abs(value)
    if size < 0.005:
        return "0 %"
    sign = "+" if value > 0 else "-"
    return f"{sign}{size:.2f} %" if size < 0.995 else f"{sign}{size:.1f} %"


def _zones(axes: Axes, deal: MergerAnalysis) -> None:
    """Draw the shares of both parties in the zones where both treat many."""
    if not deal.overlaps:
        axes.set_ylim(5, -0.6)
        _row_name(axes, 0, "No zone sends commercial patients to both.", 8.5, "normal", -_NAMES)
        _bare(axes)
        return
    longest = max(zone.share_one + zone.share_other for zone in deal.overlaps)
    axes.set_xlim(0, longest * 1.24)
    axes.set_ylim(max(len(deal.overlaps), 5) - 0.4, -0.6)
    for place, zone in enumerate(deal.overlaps):
        axes.barh([place], [zone.share_one], height=0.74, color=_ONE)
        axes.barh([place], [zone.share_other], left=[zone.share_one], height=0.74, color=_OTHER)
        _row_name(axes, place, _short(zone.name), 8, "normal")
        both = zone.share_one + zone.share_other
        _value(axes, both, place, f"{100 * both:.1f} %")
    _bare(axes)


def _payer(deal: MergerAnalysis, code: str) -> PayerEffect | None:
    return next((effect for effect in deal.payers if effect.payer == code), None)
