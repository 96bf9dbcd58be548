"""What came of the published studies: a table for the terminal, and one page with a figure per study.

Both take the results as `plastenv validate` writes them to results.json: plain dictionaries, whoever made them.
"""

import base64
import io
import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text
from scipy import stats

from plastenv.files import whole
from plastenv.report.figures import COLOURS

MARKS = {True: "✔", False: "✘", None: "–"}
VERDICTS = {True: "passed", False: "failed", None: "not covered"}
STYLES = {True: "green", False: "red", None: "yellow"}
KINDS = {
    "fitted": "whose outcome was known while parameters were chosen",
    "sealed": "set aside before any parameter was chosen",
    "circular": "that are themselves the source of a constant, so that a pass proves little",
}
BRIEF = 6  # means of a study in the terminal
REFERENCES = {  # where nothing happened, by measure
    "epsp": {1.0: "before"},
    "quantal": {1.0: "before"},
    "rate": {1.0: "before"},
    "dominance-shift": {0.0: "no shift"},
    "skill": {1.0: "before the lesion"},
    "fear": {0.0: "healthy"},
    "maladaptive": {0.0: "healthy", 1.0: "untreated"},
    "recovery": {0.0: "untreated", 1.0: "healthy"},
    "synapses": {0.0: "before"},
    "learned": {0.0: "nothing"},
}


def number(value: float | None) -> str:
    """Write a number with three digits and a true minus sign; a missing one as a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.3g}".replace("-", "−")


def word(value: Any) -> str:
    """Write whatever a study file says of a published number: a number, a text, or several of them."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {word(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(word(part) for part in value)
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def spread(value: dict[str, Any], seeds: int) -> tuple[float, float, float] | None:
    """Return the mean of an arm and its 95 % interval (Student's t over seeds), or None where it was not measurable."""
    mean, sd = value["mean"], value["sd"]
    if mean is None:
        return None
    half = float(stats.t.ppf(0.975, seeds - 1)) * sd / math.sqrt(seeds) if sd and seeds > 1 else 0.0
    return mean, mean - half, mean + half


def summary_line(results: dict[str, Any]) -> str:
    """Say in a line how many studies passed, all of them and by what a pass is worth."""
    summary = results["summary"]

    def share(part: dict[str, int], what: str = "") -> str:
        missing = f" ({part['not_covered']} not covered)" if part["not_covered"] else ""
        return f"{part['passed']} of {part['studies']}{what}{missing}"

    if not summary["studies"]:
        return "No study has finished"
    parts = [f"{name} {share(summary[name])}" for name in KINDS if summary[name]["studies"]]
    return f"{share(summary, ' studies passed')}: {', '.join(parts)}"


def _published(study: dict[str, Any]) -> Text:
    values = [f"{name} {word(value)}" for name, value in study["published_values"].items()]
    return Text("\n".join(values[:BRIEF]) or "direction only", style="" if values else "dim")


def _simulated(study: dict[str, Any]) -> Text:
    single = len({key.partition("@")[2] for key in study["values"]}) == 1
    means = [
        f"{key.partition('@')[0] if single else key} {number(value['mean'])}" for key, value in study["values"].items()
    ]
    more = [f"… {len(means) - BRIEF} more"] if len(means) > BRIEF else []
    return Text("\n".join(means[:BRIEF] + more))


def _checks(study: dict[str, Any]) -> Text:
    text = Text()
    for place, check in enumerate(study["checks"]):
        extra = "" if check["required"] else " (not required)"
        text.append("\n" if place else "")
        text.append(MARKS[check["passed"]], style=STYLES[check["passed"]] if check["required"] else "dim")
        text.append(f" {check['name']}: {number(check['mean'])} ({check['bound']}){extra}")
    return text


def battery_table(results: dict[str, Any]) -> Table:
    """Return one row per study: what was published, what the arms came to, and every check."""
    table = Table(
        title=f"Published studies: {len(results['studies'])}",
        caption="✔ passed, ✘ failed, – not covered. Means over seeds. S = sealed, C = circular.",
        show_lines=True,
        expand=True,
    )
    table.add_column("study", overflow="fold", ratio=4)
    table.add_column("published", overflow="fold", max_width=24)
    table.add_column("simulated", overflow="fold", ratio=5)
    table.add_column("checks", overflow="fold", ratio=7)
    table.add_column("result", no_wrap=True)
    for study in results["studies"]:
        mark = {"sealed": " S", "circular": " C", "fitted": ""}[study["kind"]]
        verdict = study["passed"]
        table.add_row(
            Text.assemble(study["id"], "\n", (study["group"], "dim")),
            _published(study),
            _simulated(study),
            _checks(study),
            Text(f"{MARKS[verdict]} {VERDICTS[verdict]}{mark}", style=STYLES[verdict]),
        )
    return table


def references(study: dict[str, Any]) -> str:
    """Say what the dashed lines of a study's figure stand for."""
    said = {
        f"{measure}: {', '.join(f'{at:g} = {what}' for at, what in REFERENCES[measure].items())}"
        for measure in study["readouts"].values()
        if measure in REFERENCES
    }
    return "; ".join(sorted(said))


def _draw(panel: Axes, place: int, value: dict[str, Any] | None, seeds: int) -> None:
    """Draw one arm in one panel; `value` is None where the arm does not have this readout."""
    if value is None:
        return
    interval = spread(value, seeds)
    if interval is None:
        where = panel.get_yaxis_transform()
        panel.text(0.02, place, "not measurable", transform=where, va="center", color="#777777", fontsize=7)
        return
    panel.plot(interval[1:], (place, place), color=COLOURS[0], linewidth=2)
    panel.plot(interval[0], place, "o", color=COLOURS[0], markersize=4.5)


def study_figure(study: dict[str, Any]) -> str:
    """Draw every readout of every arm with its 95 % interval; return an SVG."""
    arms = list(dict.fromkeys(key.partition("@")[0] for key in study["values"]))
    readouts = list(dict.fromkeys(key.partition("@")[2] for key in study["values"]))
    columns = min(3, len(readouts))
    rows = -(-len(readouts) // columns)
    with mpl.rc_context({"font.size": 8, "svg.hashsalt": study["id"], "text.parse_math": False}):
        size = (0.07 * max(map(len, arms)) + 2.1 * columns, rows * (0.65 + 0.2 * len(arms)))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
        for panel, readout in zip(panels, readouts, strict=False):
            measure = study["readouts"].get(readout, "")
            for reference in REFERENCES.get(measure, {}):
                panel.axvline(reference, color="#888888", linewidth=0.8, linestyle="--", zorder=0)
            for place, arm in enumerate(arms):
                _draw(panel, place, study["values"].get(f"{arm}@{readout}"), study["seeds"])
            panel.set_title(readout if measure in ("", readout) else f"{readout} ({measure})", loc="left", fontsize=8)
            panel.grid(axis="y", color="#eeeeee", linewidth=0.8)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
            panel.margins(x=0.12)
        panels[0].set_yticks(range(len(arms)), arms)
        panels[0].set_ylim(len(arms) - 0.5, -0.5)
        for panel in panels[len(readouts) :]:
            panel.set_visible(False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def render(name: str, **content: Any) -> str:
    """Return one self-contained HTML page from a template of this package. All text in `content` is escaped."""
    loader = PackageLoader("plastenv.report", ".")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters.update(number=number, word=word, references=references)
    return pages.get_template(name).render(content)


def page(results: dict[str, Any]) -> str:
    """Return the report as one self-contained HTML page. All text from results is escaped."""
    figures = {study["id"]: _uri(study_figure(study)) for study in results["studies"] if study["values"]}
    words = {"marks": MARKS, "verdicts": VERDICTS, "kinds": KINDS, "spread": spread}
    return render("battery.html", results=results, figures=figures, line=summary_line(results), **words)


def write_page(text: str, path: Path) -> None:
    """Write a page to `path`; the file appears whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, "utf-8")
