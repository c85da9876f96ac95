"""The table: each bar beside what was measured, in Markdown, ready for `benchmarks/README.md`."""

from collections.abc import Mapping, Sequence

from benchmarks.bars import Bar

Medians = Mapping[str, float]

HEAD = "| what | ours | peer | ratio | bar | holds |\n|---|---|---|---|---|---|\n"


def render(bars: Sequence[Bar], medians: Medians) -> tuple[str, int]:
    """Write the table, then every median; also say how many bars are missed.

    A bar whose measures are not all there is shown as not measured and does not count as missed.
    """
    rows = [_row(bar, medians) for bar in bars]
    table = HEAD + "".join(row for row, _ in rows)
    every = "".join(f"| {name} | {value:,.2f} |\n" for name, value in sorted(medians.items()))
    missed = sum(holds is False for _, holds in rows)
    return f"{table}\n| measure | median |\n|---|---|\n{every}", missed


def _row(bar: Bar, medians: Medians) -> tuple[str, bool | None]:
    against = {name: medians[name] for name in bar.against if name in medians}
    if bar.ours not in medians or (bar.against and not against):
        return f"| {bar.what} | - | - | - | ≤ {_limit(bar)} | not measured |\n", None
    ours = medians[bar.ours]
    if not bar.against:
        holds = ours <= bar.limit
        return f"| {bar.what} | {ours:.4g} | - | - | ≤ {_limit(bar)} | {_word(holds=holds)} |\n", holds
    peer, value = min(against.items(), key=lambda item: item[1])
    ratio = ours / value
    holds = ratio <= bar.limit
    cells = f"{ours:.4g} | {peer} {value:.4g} | {ratio:.3g} | ≤ {_limit(bar)}"
    return f"| {bar.what} | {cells} | {_word(holds=holds)} |\n", holds


def _limit(bar: Bar) -> str:
    return f"1/{round(1 / bar.limit)}" if bar.limit < 0.1 else f"{bar.limit:g}"


def _word(*, holds: bool) -> str:
    return "yes" if holds else "missed"
