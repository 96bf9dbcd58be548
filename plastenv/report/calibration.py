"""Tables of a calibration for the terminal. They take what `plastenv calibrate` writes: plain dictionaries."""

from typing import Any

from rich.table import Table
from rich.text import Text


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def screen_table(found: dict[str, Any]) -> Table:
    """Return the candidates in order of effect."""
    free, checks = sum(each["free"] for each in found["candidates"]), found["independent_checks"]
    table = Table(
        title=f"{found['name']}: {len(found['candidates'])} candidates, loss of the studies {found['misfit']:.4f}",
        caption="One SD down and up, alone; lost: studies that then fail. "
        f"Free parameters (*): {free}. Independent checks: {checks}.",
    )
    table.add_column("parameter", no_wrap=True)
    for name in ("shipped", "down", "loss", "up", "loss", "margins", "lost"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("moves most", overflow="fold")
    for each in found["candidates"]:
        changes, values = each["loss_change"], each["values"]
        table.add_row(
            each["name"] + (" *" if each["free"] else ""),
            f"{each['shipped']:g}",
            f"{values['down']:g}",
            _signed(changes["down"]),
            f"{values['up']:g}",
            _signed(changes["up"]),
            f"{each['margin_effect']:.3f}",
            str(len(each["lost"])),
            each["most_moved"] if each["margin_effect"] else "nothing",
        )
    return table


def best_table(found: dict[str, Any]) -> Table:
    """Return the numbers of the best set and how far they lie from the shipped ones."""
    table = Table(
        title=f"{found['name']}: best of {found['trials']} trials, loss {found['loss']:.4f} "
        f"(studies {found['misfit']:.4f}, priors {found['penalty']:.4f}); first {found['first_loss']:.4f}",
        caption=f"Free parameters: {found['free_parameters']}. Independent checks: {found['independent_checks']}.",
    )
    table.add_column("parameter", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("SD from the shipped one", justify="right")
    for name, value in found["parameters"].items():
        table.add_row(name, f"{value:g}", _signed(found["places"][name]))
    table.add_section()
    for name, margin in found["studies"].items():
        failed = margin is None or margin < 0.0
        table.add_row(Text(name), "margin", Text(_signed(margin), style="red" if failed else "green"))
    return table
