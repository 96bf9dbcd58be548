"""What falls without which mechanism: a table for the terminal and a page with a map of mechanisms and studies.

Both take the results as `plastenv validate --ablate all` writes them to results.json.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from rich.table import Table
from rich.text import Text

from plastenv.report.battery import number, render

STEP, LEFT, TOP = 14, 150, 225  # px of the map: a cell, the names of mechanisms, those of studies
FULL = 2.0  # units of margin from which on a fall is drawn in full
FAINT = 0.4  # opacity of the least fall
WORDS = {
    "fell": "falls",
    "stands": "stands",
    "untouched": "the same to the last bit",
    "broken": "could not be run",
}


def matrix_line(results: Mapping[str, Any]) -> str:
    """Say in a line how many rows are shown to be load-bearing."""
    rows, intact = results["rows"], sum(bool(study["passed"]) for study in results["studies"])
    bearing = [str(row["row"]) for row in rows if row["load_bearing"]]
    missing = [str(row["row"]) for row in rows if not row["load_bearing"]]
    line = f"{len(bearing)} of {len(rows)} rows are load-bearing in the {intact} studies that pass intact"
    return line + (f"; not shown of {', '.join(missing)}" if missing and bearing else "")


def change(margin: float | None) -> str:
    """Write by how much a margin fell, with its sign."""
    return number(None if margin is None else -margin)


def matrix_table(results: Mapping[str, Any]) -> Table:
    """Return one row for each row of the table of physics: what falls without its mechanisms."""
    table = Table(
        title=f"Mechanisms taken out: {len(results['mechanisms'])}",
        caption="Studies that fall, with the change of their margin; in brackets: by the mechanism that they name.",
        show_lines=True,
        expand=True,
    )
    table.add_column("row", justify="right", no_wrap=True)
    table.add_column("without", overflow="fold", ratio=2)
    table.add_column("falls and neither names nor manipulates it", overflow="fold", ratio=5)
    table.add_column("falls and does", overflow="fold", ratio=4)
    for row in results["rows"]:
        told = {False: Text(), True: Text(style="dim")}
        for fall in row["fallen"]:
            text = told[fall["names_it"]]
            text.append("\n" if text else "")
            text.append(f"{fall['study']} ({fall['mechanism']}, {change(fall['margin'])})")
        style = "green" if row["load_bearing"] else "red"
        table.add_row(Text(str(row["row"]), style=style), ", ".join(row["mechanisms"]), told[False], told[True])
    return table


def _drawn(cell: Mapping[str, Any], column: int, place: int) -> dict[str, Any]:
    """Return how a cell is drawn at its place on the map."""
    fell, margin = cell["verdict"] == "fell", cell["margin"]
    weight = 1.0 if margin is None or not fell else FAINT + (1.0 - FAINT) * min(1.0, max(0.0, margin) / FULL)
    words = WORDS[cell["verdict"]] + (f", margin {change(margin)}" if fell else "")
    return {
        "kind": ("known" if cell["names_it"] else "new") if fell else cell["verdict"],
        "study": cell["study"],
        "mechanism": cell["mechanism"],
        "words": words,
        "column": column,
        "place": place,
        "weight": round(weight, 2),
    }


def matrix_page(results: Mapping[str, Any]) -> str:
    """Return the map and what follows from it as one self-contained HTML page. All text from results is escaped."""
    columns = [study for study in results["studies"] if study["passed"]]
    column = {study["id"]: k for k, study in enumerate(columns)}
    rows = [mechanism["row"] for mechanism in results["mechanisms"]]
    places = {mechanism["name"]: k for k, mechanism in enumerate(results["mechanisms"])}
    shown = [
        _drawn(cell, column[cell["study"]], places[cell["mechanism"]])
        for cell in results["cells"]
        if cell["study"] in column and cell["verdict"] in WORDS
    ]
    where = f"Version {results['version']}" + (f", commit {results['commit']}" if results["commit"] else "")
    return render(
        "matrix.html",
        results=results,
        line=matrix_line(results),
        columns=columns,
        failing=[study["id"] for study in results["studies"] if study["passed"] is False],
        edges=[k for k, (above, own) in enumerate(pairwise(rows), 1) if above != own],
        shown=shown,
        origin=f"{where}, {results['machine']}.",
        step=STEP,
        left=LEFT,
        top=TOP,
        width=STEP * len(columns) + TOP * 5 // 8,
        height=TOP + STEP * len(places) + 2,
        change=change,
    )
