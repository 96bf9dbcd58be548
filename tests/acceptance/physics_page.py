"""Write docs/physics.md: every mechanism with its equations, a figure, what takes it out, its studies and parameters.

    python tests/acceptance/physics_page.py [--no-figures] [--only NAME ...]

Nothing is written twice: equations are read from the modules, parameters from their tables, knock-outs from
lab/ablation.py, studies from the battery and their outcomes from docs/evidence/battery.json (`plastenv validate --json
docs/evidence/battery.json`). Only what stands in `ROWS` is written here. A page of the repository is no part of the
package, so that this is a script beside those that write evidence, as tests/performance/page.py is, and no command.
"""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.experiment import Experiment, battery
from plastenv.lab.tables import parameter_tables
from plastenv.parameters import Row

ROOT = Path(__file__).parents[2]
PACKAGE, PAGE, FOLDER = ROOT / "plastenv", ROOT / "docs" / "physics.md", ROOT / "docs" / "physics"
EVIDENCE = ROOT / "docs" / "evidence" / "battery.json"
VERDICTS = {True: "passes", False: "**fails**", None: "not covered"}
PLASTICITY, NEURONS, SPIKES = "circuit/plasticity", "circuit/neurons", "circuit/spiking"
LASTING, GENES, BRAKES = "molecular/consolidation", "molecular/epigenetics", "molecular/brakes"
GLIA, HOMEOSTASIS = "molecular/glia", "molecular/homeostasis"


class Mechanism(NamedTuple):
    """A row of the physics table."""

    title: str
    says: str
    equations: tuple[str, ...]  # see `equation`
    figure: str  # of physics_figures.FIGURES
    caption: str
    parameters: tuple[str, ...] = ()  # tables, less what other rows list; or single ones, "Table.name"


def of(table: str, *names: str) -> tuple[str, ...]:
    """Return the full names of parameters of a table."""
    return tuple(f"{table}.{name}" for name in names)


ROWS = {
    1: Mechanism(
        "Neuromodulatory gain",
        "A tone changes activity now and leaves nothing. A phasic release, by a prediction error or a stimulator, "
        "decides what becomes of coincidences in the second before it.",
        (f"{PLASTICITY}:_read_back", "model/advance:excitability"),
        "neuromodulation",
        "What a release of 0.2 s makes of a coincidence, over the time between them.",
        of("PlasticityParams", "modulator_tonic", "modulator_phasic", "reversal", "tau_eligibility", "tau_modulator",
           "tau_expectation", "omission_onset"),
    ),
    2: Mechanism(
        "Timescales",
        "Every process has its own clock, from milliseconds to weeks. It has no parameters of its own.",
        ("model/advance",),
        "timescales",
        "All time constants of the parameter tables; of compounds those of absorption, elimination, effect, tolerance.",
    ),
    3: Mechanism(
        "Hebbian learning and what holds it",
        "Coincidence strengthens, and stronger synapses coincide more. Soft limits, resources, competition, scaling, "
        "the sliding threshold and inhibition hold what would run away.",
        (f"{PLASTICITY} dE/ds", f"{LASTING} L' ="),
        "runaway",
        "Three trains to a slice every six hours, intact and without any stabiliser; the line is ten times the start.",
        (*of("PlasticityParams", "weight_unit", "efficacy", "early_max"),
         *of("ConsolidationParams", "late_max", "resource", "competition")),
    ),
    4: Mechanism(
        "Spike timing",
        "Causal order strengthens, reverse order weakens, and high rates strengthen whatever the order. Rates and "
        "spikes drive the same rule.",
        (f"{PLASTICITY} drive", SPIKES),
        "timing",
        "Sixty pairings at 1 Hz in culture, read half an hour later, over the lag.",
        ("PlasticityParams", "SpikeParams"),
    ),
    5: Mechanism(
        "NMDA receptor",
        "Induction needs receptors that can open: not blocked, and with a co-agonist. Expression does not.",
        (f"{GLIA} occupancy", f"{GLIA}:available"),
        "nmda",
        "Three trains to a hippocampal slice, with the antagonist during them, afterwards, or never.",
        of("GliaParams", "half"),
    ),
    6: Mechanism(
        "Synaptic scaling",
        "One factor per neuron moves all its synapses towards the activity that it knows; their ratios stay.",
        (HOMEOSTASIS,),
        "scaling",
        "Mean quantum of a cultured network whose spikes or whose inhibition are blocked.",
        ("HomeostasisParams",),
    ),
    7: Mechanism(
        "Metaplasticity",
        "The threshold between depression and potentiation slides with running activity: darkness lowers it, two "
        "days of light bring it back.",
        (f"{HOMEOSTASIS}:departure", "model/advance@work.threshold[i] = 1.0"),
        "threshold",
        "120 pulses to cortex of animals reared in light and in darkness, over their rate.",
        (*of("PlasticityParams", "threshold_gain"), *of("HomeostasisParams", "tau_activity", "waking_seconds",
                                                        "activity_floor")),
    ),
    8: Mechanism(
        "PV inhibition and gamma",
        "Fast inhibition makes assemblies compete, keeps single spikes out of dendrites and sets the rhythm in which "
        "cells fire together. Too little and too much of it both close plasticity.",
        (NEURONS, "circuit/gamma"),
        "inhibition",
        "Power of gamma in a loop of spiking cells, and what the rule makes of its spikes, over PV drive.",
        ("NeuronParams", "GammaParams", *of("PlasticityParams", "shunt")),
    ),
    9: Mechanism(
        "Astrocytes",
        "Astrocytes supply the co-agonist without which trains induce less, and clear the glutamate that would reach "
        "extrasynaptic receptors and depress.",
        (GLIA,),
        "astrocytes",
        "A train with less D-serine, the same with D-serine given, and slow pulses with less uptake, at 40 min.",
        ("GliaParams",),
    ),
    10: Mechanism(
        "Early phase",
        "What is induced decays in hours, whether or not proteins are made. Trains spend the induction of the next.",
        (f"{LASTING}:decay_early",),
        "early",
        "One train and three, ten minutes apart, with and without protein synthesis.",
        (*of("ConsolidationParams", "tau_early"),
         *of("PlasticityParams", "tau_refractory", "refractory_dose", "refractory_half")),
    ),
    11: Mechanism(
        "Late phase",
        "Strong change sets tags and drives proteins, cooperatively, through BDNF, CREB and what chromatin permits; "
        "tagged synapses capture them, whoever they were made for.",
        (LASTING, f"{LASTING}:advance_growth_factors", f"{LASTING}:translation"),
        "tagging",
        "A weak train to one pathway, over its time from strong trains to another pathway of the same cells.",
        ("ConsolidationParams",),
    ),
    12: Mechanism(
        "Chromatin, methylation, microRNA",
        "One acetylation state, whose only brake are deacetylases, and two classes of methylated genes decide what "
        "may be transcribed; microRNA-132 what is translated at spines.",
        (GENES, f"{GENES}:advance_acetylation", f"{GENES}:permission", f"{GENES}:unsilenced"),
        "gates",
        "What each state lets pass.",
        ("ChromatinParams", "MethylationParams", "MicroRNAParams"),
    ),
    13: Mechanism(
        "Critical periods",
        "Growing inhibition opens them, brakes close them: the same experience does more in one age than in another.",
        (f"{BRAKES}:maturity", f"{BRAKES}:grown_inhibition"),
        "periods",
        "One eye closed, in the critical period and in the adult.",
        of("BrakeParams", "closure_age", "closure_width", "inhibition_age", "inhibition_width"),
    ),
    14: Mechanism(
        "Brakes",
        "Nets raise PV drive and shield what is consolidated; Nogo-A closes the structural stage. Each has its own "
        "state, drugs and recovery. Deacetylases are row 12's.",
        (f"{BRAKES}:advance_brakes", f"{BRAKES}:structural_opening"),
        "removal",
        "Brakes grow up; an enzyme takes the nets at day 45, which opens no structure, and they return in weeks.",
        ("BrakeParams",),
    ),
    15: Mechanism(
        "Maladaptive attractors",
        "An assembly that adversity has carved wins cues that are not its own. Its synapses are the rule's work, "
        "so it has no parameters of its own.",
        (f"{NEURONS} tau dr/dt", "circuit/probes:depth"),
        "basins",
        "How far cues have to be pushed towards the healthy answer before it wins, patients in order.",
    ),
    16: Mechanism(
        "Interventions",
        "Compounds have kinetics and act on targets; procedures are rows of one event table. No compound knows of "
        "training: order, spacing, dose and content of experience decide.",
        ("molecular/pharmacology",),
        "windows",
        "How long one study dose opens the structural stage of an adult. The slow opener takes weeks of doses; mdma "
        "and psilocybin lie on each other.",
        ("Compounds", "Events", "Procedures"),
    ),
    17: Mechanism(
        "Reconsolidation",
        "A reminder that disappoints makes what carried the expectation depend on protein synthesis for hours, and "
        "lets structure follow. Within minutes its receptors are exchanged for unstable ones; with them depotentiation "
        "takes what is recent. An aversive surprise imprints.",
        (f"{LASTING}:reactivate", f"{LASTING}:exchange", f"{LASTING}:remove", f"{LASTING}:arousal"),
        "reconsolidation",
        "Fear of a conditioned animal two days after a reminder, over the delay of a synthesis blocker.",
        of("ConsolidationParams", "tau_labile", "labile_half", "labile_close", "labile_loss", "labile_structure",
           "tau_exchange", "removal", "tau_recent", "arousal_half", "arousal_hill", "imprinting", "tau_arousal"),
    ),
    18: Mechanism(
        "Sleep",
        "Sleep replays what the day has changed, scales down weak change, spares what is tagged and translates more.",
        ("model/everyday:replayed_cue", f"{LASTING}:translation"),
        "sleep",
        "What two hours awake and asleep leave of early change, over its size.",
        (*of("ConsolidationParams", "sleep_translation", "sleep_downscaling"), *of("GliaParams", "dserine_asleep")),
    ),
}  # fmt: skip


def _module(reference: str) -> str:
    return re.split("[ :@]", reference)[0]


def equation(reference: str) -> str:
    """Return what `reference` names, as it stands in the source.

    "circuit/plasticity" is the indented block of that module's docstring, or its prose where it has none; "MODULE
    text" are the lines of the block that begin so, "MODULE:name" is a function, "MODULE@text" are the lines of code
    that begin so. Raises ValueError if nothing is found.
    """
    module = _module(reference)
    path = PACKAGE / f"{module}.py"
    source = path.read_text("utf-8")
    tree, rest = ast.parse(source), reference.removeprefix(module)
    lines = source.splitlines()
    if rest.startswith(":"):
        found = [line for node in tree.body if getattr(node, "name", "") == rest[1:] for line in _code(node, lines)]
    elif rest.startswith("@"):
        found = [line.strip() for line in lines if line.strip().startswith(rest[1:])]
    else:
        text = ast.get_docstring(tree) or ""
        block = [line[4:] for line in text.splitlines() if line.startswith("    ")]
        wanted = " ".join(rest.split())
        found = [line for line in block if " ".join(line.split()).startswith(wanted)]
        found = found or ([] if wanted else text.split("\n\n", 1)[-1].splitlines())
    if not found:
        raise ValueError(f"{path}: nothing is found for '{reference}'")
    return "\n".join(found)


def _code(node: ast.stmt, lines: list[str]) -> list[str]:
    """Return the lines of a function without its decorators and its docstring."""
    assert isinstance(node, ast.FunctionDef)
    text = node.body[0]
    return lines[node.lineno - 1 : text.lineno - 1] + lines[text.end_lineno or 0 : node.end_lineno]


def parameters() -> dict[int, list[Row]]:
    """Return which parameters each row of the physics table lists; every parameter is in one of them.

    Raises ValueError for a name that no table has and for a table that no row lists.
    """
    tables = parameter_tables()
    single = {name: number for number, row in ROWS.items() for name in row.parameters if "." in name}
    whole = {name: number for number, row in ROWS.items() for name in row.parameters if "." not in name}
    known = {f"{table}.{row.name}" for table, found in tables.items() for row in found}
    if wrong := sorted(set(single) - known | set(whole) - set(tables) | set(tables) - set(whole)):
        raise ValueError(f"{Path(__file__).name}: ROWS and the parameter tables disagree about {', '.join(wrong)}")
    shared: dict[int, list[Row]] = {number: [] for number in ROWS}
    for table, found in tables.items():
        for row in found:
            shared[single.get(f"{table}.{row.name}", whole[table])].append(row)
    return shared


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Write a Markdown table."""
    cells = [head, tuple("---" for _ in head), *(tuple(cell.replace("|", "\\|") for cell in line) for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def picture(number: int) -> Path:
    """Return the file of a row's figure."""
    return FOLDER / f"{number:02d}-{ROWS[number].figure}.png"


def _studies(number: int, studies: list[Experiment], outcomes: dict[str, Any]) -> str:
    lines = []
    for study in studies:
        if number in study.rows:
            found = outcomes.get(study.id)
            verdict = f"{VERDICTS[found['passed']]}, {found['kind']}" if found else "not run"
            lines.append((f"[{study.id}](../plastenv/lab/battery/{study.id}.yaml)", study.title, verdict))
    return table(("study", "published", "outcome"), lines) if lines else "No study of the battery speaks to it yet."


def section(number: int, own: list[Row], studies: list[Experiment], outcomes: dict[str, Any]) -> Iterator[str]:
    """Write what is to be said of one mechanism."""
    row = ROWS[number]
    yield f"## {number}. {row.title}"
    yield row.says
    yield f"![{row.title}](physics/{picture(number).name})"
    yield f"*{row.caption}*"
    for reference in row.equations:
        yield f"`{_module(reference)}.py`"
        language = "python" if re.search("[:@]", reference) else "text"
        yield f"```{language}\n{equation(reference)}\n```"
    knocked = [f"- `{name}`: {each.does}" for name, each in MECHANISMS.items() if each.row == number]
    if knocked:
        yield "Taken out by `plastenv validate --ablate NAME`:"
        yield "\n".join(knocked)
    yield _studies(number, studies, outcomes)
    for name in dict.fromkeys(parameter.table for parameter in own):
        found = [parameter for parameter in own if parameter.table == name]
        lines = [(f"`{p.name}`", f"{p.value:g}", p.unit, p.meaning, p.source) for p in found]
        yield f"<details><summary>Parameters: {name}, {len(lines)}</summary>"
        yield table(("name", "value", "unit", "meaning", "source"), lines)
        yield "</details>"


def page(evidence: dict[str, Any] | None) -> str:
    """Return the page; `evidence` is what `plastenv validate` wrote, None before it has."""
    studies, shared = battery(), parameters()
    outcomes = {study["id"]: study for study in evidence["studies"]} if evidence else {}
    text = [
        "# The physics",
        "The mechanisms of the model: equations as they stand in the source, a figure simulated by the model itself, "
        "what takes the mechanism out, the published studies that speak to it, and its parameters with their sources. "
        "[docs/model.md](model.md) says how they fit together. This page is written by "
        "`tests/acceptance/physics_page.py`; do not edit it.",
    ]
    if evidence:
        fitted, sealed, circular = (evidence["summary"][kind] for kind in ("fitted", "sealed", "circular"))
        counts = [
            f"{group['passed']} of {group['studies'] - group['not_covered']} {name}"
            for name, group in (("fitted", fitted), ("sealed", sealed), ("circular", circular))
        ]
        text.append(
            f"Outcomes are those of commit `{evidence['commit']}`: {', '.join(counts)} studies pass. *Sealed* ones "
            "were kept from calibration; a *circular* one is the source of a constant and proves nothing."
        )
    text.append("\n".join(f"{k}. [{row.title}](#{_anchor(k, row.title)})" for k, row in ROWS.items()))
    for number in ROWS:
        text += section(number, shared[number], studies, outcomes)
    return "\n\n".join(text) + "\n"


def _anchor(number: int, title: str) -> str:
    kept = "".join(c for c in f"{number}. {title}".lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


def evidence() -> dict[str, Any] | None:
    """Return what the battery's last committed run found, None if there is none."""
    return json.loads(EVIDENCE.read_text("utf-8")) if EVIDENCE.exists() else None


def main() -> None:
    """Write the page and its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-figures", action="store_true", help="leave the figures as they are")
    parser.add_argument("--only", nargs="+", choices=[row.figure for row in ROWS.values()], help="draw only these")
    arguments = parser.parse_args()
    PAGE.write_text(page(evidence()), "utf-8")
    print(f"{PAGE} is written")
    if arguments.no_figures:
        return
    from physics_figures import draw  # the text needs no kernels

    FOLDER.mkdir(exist_ok=True)
    for number, row in ROWS.items():
        if arguments.only is None or row.figure in arguments.only:
            draw(row.figure, picture(number))
            print(picture(number).name, flush=True)


if __name__ == "__main__":
    main()
