"""Parameter tables for the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from plastenv.parameters import Row

LONG = 60  # characters of a source that is not worth reading twice in a row


def parameter_table(name: str, rows: Sequence[Row]) -> Table:
    """Return one parameter table: value, unit, meaning and source of every number."""
    table = Table(title=f"{name}, {len(rows)} numbers", title_justify="left", expand=True)
    table.add_column("name", overflow="fold", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", overflow="fold", ratio=1)
    table.add_column("meaning", overflow="fold", ratio=4)
    table.add_column("source", overflow="fold", ratio=5, style="dim")
    before = ""
    for row in rows:
        source = "as above" if row.source == before and len(row.source) > LONG else row.source
        table.add_row(*(Text(part) for part in (row.name, f"{row.value:g}", row.unit, row.meaning, source)))
        before = row.source
    return table
