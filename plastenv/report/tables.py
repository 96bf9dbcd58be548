"""Tables for the terminal."""

from rich.table import Table

from plastenv.evaluation.comparison import TWIN, Comparison
from plastenv.report.schedules import PLAIN

WIDE, MIDDLE = 130, 80  # letters in a line, from which on the ranking tells all it can, and most of it


def best_line(comparison: Comparison) -> str:
    """Say in a line which schedule is best, and by how much on the same patients."""
    best, *others = comparison.ranked()
    line = f"best of {len(comparison.outcomes)}: {best}, {_points(comparison, comparison.row(best)['score'])} points"
    ahead = comparison.ahead()
    if ahead is None:
        return line
    line += f"; {_points(comparison, ahead._asdict())} above {others[0]} on the same patients"
    if len(comparison.patients) == 1:
        return f"{line}; one patient says nothing of others"
    return line if ahead.low > 0.0 else f"{line}, either may be the better one"


def own_line(comparison: Comparison, name: str) -> str:
    """Say in a line where a schedule that is not the best stands."""
    names = comparison.ranked()
    behind = _points(comparison, comparison.difference(names[0], name)._asdict())
    return f"{name}: {names.index(name) + 1} of {len(names)}, {behind} below {names[0]} on the same patients"


def _points(comparison: Comparison, interval: dict[str, float]) -> str:
    """Write a mean of points with its interval, which one patient does not have."""
    return f"{interval['mean']:.1f}" + (f" ({_range(interval, '.1f')})" if len(comparison.patients) > 1 else "")


def notes(comparison: Comparison) -> list[str]:
    """Say below the ranking what its numbers do not."""
    found = []
    if comparison.unfinished:
        found.append(f"Stopped before the end; not finished: {', '.join(comparison.unfinished)}.")
    if TWIN in comparison.outcomes:
        found.append(
            f"{TWIN}: 0 is the mean of three untreated lives of each patient; this is a fourth, near 0, not at it."
        )
    for name in comparison.ranked():
        if early := comparison.row(name)["ended_early"]:
            endings = ", ".join(f"by {ending} in {number}" for ending, number in early.items())
            found.append(f"{name}: treatment ended early {endings} of {len(comparison.patients)} patients.")
    return found


def _range(interval: dict[str, float], form: str) -> str:
    return f"{interval['low']:{form}} to {interval['high']:{form}}"


def comparison_table(comparison: Comparison, width: int = WIDE) -> Table:
    """Return the ranking of a comparison, best score first; on lines of less than WIDE letters what matters most."""
    patients = f"{len(comparison.patients)} {comparison.split} patients"
    title = f"{comparison.scenario.name}, {patients}, seed {comparison.seed}"
    caption = (
        "Score, harm and burden in points; harm is for other memories and seizures. 95 %: bootstrap over patients.\n"
        "Function (0 to 1) at the end and at follow-up; minus twin: less that of the same patient untreated.\n"
        "Relapse: of those who had responded at the end."
    )
    if width >= WIDE:
        table, kept = Table(title=title, caption=caption), tuple(range(9))
    else:
        left_out = "Harm, in points, is for other memories and seizures.\nMore columns: report.html, wider terminals."
        table, kept = Table(title=title, caption=left_out, **PLAIN), (0, 1, 3, 7, 8) if width >= MIDDLE else (0, 1, 7)
    table.add_column("schedule", overflow="fold")
    columns = ("score", "95 %", "end", "follow-up", "minus twin", "95 %", "relapse", "harm", "burden")
    for k in kept:
        table.add_column(columns[k], justify="right", no_wrap=True)
    for row in comparison.results()["schedules"]:
        score, twin = row["score"], row["treated_minus_twin"]
        several = len(comparison.patients) > 1
        cells = (
            f"{score['mean']:.1f}",
            _range(score, ".1f") if several else "-",
            f"{row['function_end']:.2f}",
            f"{row['function_followup']:.2f}",
            "-" if twin is None else f"{twin['mean']:+.3f}",
            _range(twin, "+.3f") if twin and several else "-",
            "-" if row["relapse"] is None else f"{100 * row['relapse']:.0f} % of {row['relapse_of']}",
            f"{row['harm']:.1f}",
            f"{row['burden']:.1f}",
        )
        table.add_row(row["name"], *(cells[k] for k in kept))
    return table


def ensemble_table(comparison: Comparison) -> Table:
    """Return how often the ranking of a comparison holds under other parameter sets."""
    results = comparison.results()["ensemble"]
    holds = {(pair["a"], pair["b"]): pair["holds"] for pair in results["pairs"]}
    table = Table(
        title=f"Under other parameter sets: {results['sets']}",
        caption="Shares of sets: in which it is best, above the next, above the one below that it beats least often.",
    )
    table.add_column("schedule", no_wrap=True)
    for name in ("best", "above next", "above all", "score", "least", "most"):
        table.add_column(name, justify="right", no_wrap=True)
    names = [row["name"] for row in results["schedules"]]
    for place, row in enumerate(results["schedules"]):
        below = [holds[row["name"], other] for other in names[place + 1 :]]
        scores = row["scores"]
        table.add_row(
            row["name"],
            f"{100 * row['best']:.0f} %",
            f"{100 * below[0]:.0f} %" if below else "-",
            f"{100 * min(below):.0f} %" if below else "-",
            f"{sum(scores) / len(scores):.1f}",
            f"{min(scores):.1f}",
            f"{max(scores):.1f}",
        )
    return table
