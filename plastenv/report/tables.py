"""Tables for the terminal."""

from rich.table import Table

from plastenv.evaluation.comparison import TWIN, Comparison

WIDE = 130  # letters in a line, from which on the ranking tells all it can


def best_line(comparison: Comparison) -> str:
    """Say in a line which schedule is best, and by how much on the same patients."""
    best, *others = comparison.ranked()
    score, ahead = comparison.row(best)["score"], comparison.ahead()
    line = f"best of {len(comparison.outcomes)}: {best}, {score['mean']:.1f} ({_range(score, '.1f')}) points"
    if ahead is None:
        return line
    sure = "" if ahead.low > 0.0 else ", either may be the better one"
    return f"{line}; {ahead.mean:.1f} ({_range(ahead._asdict(), '.1f')}) above {others[0]} on the same patients{sure}"


def notes(comparison: Comparison) -> list[str]:
    """Say below the ranking what its numbers do not."""
    found = []
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
    table = Table(
        title=f"{comparison.scenario.name}, {len(comparison.patients)} {comparison.split} patients, "
        f"seed {comparison.seed}",
        caption="Intervals: 95 % bootstrap over patients. Function 0 to 1. Score, harm and burden in points.",
    )
    wide = width >= WIDE
    table.add_column("schedule", overflow="fold")
    columns = ("score", "95 %", "end", "follow-up", "minus twin", "95 %", "relapse", "harm", "burden")
    kept = range(len(columns)) if wide else (0, 1, 3, 7, 8)
    for k in kept:
        table.add_column(columns[k], justify="right", no_wrap=True)
    for row in comparison.results()["schedules"]:
        score, twin = row["score"], row["treated_minus_twin"]
        cells = (
            f"{score['mean']:.1f}",
            _range(score, ".1f"),
            f"{row['function_end']:.2f}",
            f"{row['function_followup']:.2f}",
            "-" if twin is None else f"{twin['mean']:+.3f}",
            "-" if twin is None else _range(twin, "+.3f"),
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
