"""plastenv validate: published experiments on the simulator."""

from pathlib import Path

from plastenv.console.options import writable, writable_json
from plastenv.lab.ablation import known
from plastenv.lab.battery import chosen
from plastenv.lab.experiment import battery, load_folder
from plastenv.scenarios.parameters import SHIPPED, read_parameters


def run(
    only: list[str],
    seeds: int | None,
    first: int,
    ablate: list[str],
    parameter_file: Path | None,
    folder: Path | None,
    asked: Path | None,
    json_path: Path | None,
    jobs: int,
    quiet: bool,
) -> None:
    """Run the studies that are asked for, all if `only` is empty; `only` and `ablate` may hold commas.

    `folder` stands for the battery, `asked` for the usual folder of results. Raises ValueError for an option that
    cannot be met.
    """
    only, ablate = _split(only), _split(ablate)
    for option, value, least in (("--seeds", seeds, 1), ("--jobs", jobs, 1), ("--first-seed", first, 0)):
        if value is not None and not least <= value < 2**31:
            raise ValueError(f"{option} {value}: expected a whole number from {least}")
    every = "all" in ablate
    if every and len(ablate) > 1:
        raise ValueError("--ablate all: takes each mechanism out by itself; expected no other beside it")
    if not every:
        known(ablate)
    if ablate and parameter_file:
        raise ValueError("--ablate with --parameters: untreated means are those of the shipped numbers; expected one")
    parameters = read_parameters(parameter_file) if parameter_file else SHIPPED
    studies = chosen(load_folder(folder) if folder else battery(), only)
    out = asked or Path("runs/ablation" if every else "runs/validate")
    writable(out)
    writable_json(json_path)
    if every:
        from plastenv.console.matrix import run as run_matrix

        run_matrix(studies, seeds, first, out, json_path, jobs, quiet)
        return
    from plastenv.console.studies import run as run_studies

    run_studies(studies, seeds, first, tuple(ablate), parameters, out, json_path, jobs, quiet)


def _split(words: list[str]) -> list[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]
