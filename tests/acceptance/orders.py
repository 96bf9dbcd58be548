"""Measure the order of what moves a patient between events; print it as JSON. Called by soundness.py.

    python tests/acceptance/orders.py [--cohort COHORT.npz]

Best run on a build in double precision, so that rounding does not hide small errors of the step. A stretch of twelve
waking hours after training in an open window, without episodes, is gone through on the model's own grid (ten minutes,
an hour) and on grids two, four and eight times finer; errors are against one sixteen times finer than the last. Each
kernel is also measured alone, everything else held constant.

How each is built gives its nominal order. Closed forms are exact for constant surroundings. Drugs are Strang-split,
growth factors an exponential midpoint: 2. Late growth freezes its resources over a step, scaling its activity,
lability its opening: 1. The model calls them one after the other, each with what the last one left (Lie): 1. The
composition is judged by the weights that it leaves; of its other variables those that drugs alone move converge by 2.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import plastenv
from plastenv import arrays
from plastenv.circuit.state import empty
from plastenv.model.advance import STANDING, advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.types import DAY, HOUR, ModelParams, ModelState
from plastenv.molecular.brakes import advance_brakes, maturity, structural_opening
from plastenv.molecular.consolidation import (
    Messengers,
    advance_growth_factors,
    advance_messengers,
    capture,
    decay_early,
    exchange,
    recruiting,
    settle,
    translation,
    unrestored,
)
from plastenv.molecular.epigenetics import (
    advance_acetylation,
    advance_methylation,
    advance_microrna,
    advance_suppressor,
    held_back,
    permission,
    primed,
    reaching_spines,
    unsilenced,
    unsuppressed,
)
from plastenv.molecular.glia import advance_dserine
from plastenv.molecular.homeostasis import advance_homeostasis
from plastenv.molecular.pharmacology import ACTIONS, COMPOUND_INDEX, TARGETS, actions, advance_drugs
from plastenv.patients.cohort import Cohort, Patients
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.interventions import Administration, events

HOURS = 12  # h, length of the stretch, from nine in the morning: no one falls asleep
FINE = 600  # s, the model's grid where proteins stand
HALVINGS, FINEST = 3, 128  # grids compared; the reference is 16 times finer than the finest of them
EXACT = 1e-9  # relative error that counts as none: rounding of some thousand steps
MOVED = 1e-6  # change below which there is nothing to be relative to
OUTCOME = ("circuit.late", "circuit.structure")  # by which the composition is judged
NEAR = 0.1  # of the nominal order
DRUGS = ("rapid-opener", "deacetylase-inhibitor", "net-enzyme", "nmda-coagonist", "slow-opener")


def morning(task: Scenario, split: str, patient: int) -> tuple[ModelState, ModelParams]:
    """Return one patient at nine in the morning after a tetanus and training, drugs on board; nothing more comes."""
    state = arrays.copy(Patients(task.recipe, split).take([patient]).patient)
    idle = task.params._replace(everyday=task.params.everyday._replace(start=1000 * DAY))
    training = Administration(8 * HOUR, HOUR, "extinction-training", "all-cues", 1.0)
    tetanus = Administration(8 * HOUR, HOUR // 3, "excitatory-stimulation", "prefrontal", 1.0)
    calendar = [event for given in (training, tetanus) for event in events(given, task.cues, task.aversive)]
    calendar += [Event(9 * HOUR - 600, compound=COMPOUND_INDEX[name], dose=0.5) for name in DRUGS]
    advance(state, lay_out([calendar]), idle, 9 * HOUR)
    if state.molecules.protein.max() <= STANDING:
        raise RuntimeError("the training has left no proteins, so there is nothing to measure")
    return state, idle


class Stretch:
    """One patient between events, moved as model.advance moves it, on a grid `finer` times finer than the model's."""

    def __init__(self, state: ModelState, params: ModelParams, finer: int) -> None:
        self.state, self.params = arrays.copy(state), params
        self.fine, self.hour = 1.0 / (6 * finer), 1.0 / finer  # h
        circuit = self.state.circuit
        self.clock = float(state.clock[0])
        self.live = ((circuit.early[0] != 0.0) | (circuit.refractory[0] > 0.0)).any(1)
        self.carried = np.zeros(len(self.live))
        self.lent = arrays.zeros((4, circuit.gain.shape[1]), circuit.early.dtype)
        self.acting, self.before = np.zeros(len(TARGETS)), np.zeros(len(TARGETS))
        self._act()
        self.before[:] = self.acting

    def _act(self) -> None:
        m = self.state.molecules
        actions(m.bath[0], m.plasma[0], m.effect[0], m.tolerance[0], self.params.drugs, self.acting)

    def run(self, hours: float) -> ModelState:
        """Go through `hours` and return the state."""
        for _ in range(round(hours / self.hour)):
            for _ in range(6):
                self._decay()
                self._consolidate()
            self._settle()
        return self.state

    def _decay(self) -> None:
        """What moves at every stop."""
        c, m, molecular = self.state.circuit, self.state.molecules, self.params.molecular
        recovery = self.params.circuit.plasticity.tau_refractory
        decay_early(
            c.early[0], c.refractory[0], self.live, self.fine, False, recovery, molecular.consolidation, self.carried
        )
        exchange(c.exchanged[0], c.labile_pre[0], self.fine, molecular.consolidation)
        clearance = self.state.traits.clearance[0]
        advance_drugs(m.depot[0], m.plasma[0], m.effect[0], m.tolerance[0], clearance, self.fine, self.params.drugs)
        self._act()
        self.clock += self.fine * HOUR

    def _does(self, name: str) -> float:
        return float(self.acting[ACTIONS[name]])

    def _consolidate(self) -> None:
        """What moves on the grid."""
        c, m, molecular = self.state.circuit, self.state.molecules, self.params.molecular
        rule, hours = molecular.consolidation, self.fine
        permitted = permission(m.acetylation[0], molecular.chromatin)
        permitted *= unsilenced(m.methylation[0], molecular.methylation) * (1.0 - self._does("transcription-block"))
        block, freed = self._does("synthesis-block"), self._does("deacetylase-block")
        spines = reaching_spines(m.microrna[0], self._does("microrna-block"), molecular.microrna)
        spines *= unsuppressed(m.suppressor[0], freed, molecular.methylation)
        made = translation(m.bdnf[0], m.creb[0], permitted, block, False, rule) * spines
        surplus = translation(m.bdnf[0], m.creb[0], m.messenger[0] - permitted, block, False, rule) * spines
        mature = maturity((self.clock - self.params.everyday.birth) / DAY, molecular.brakes)
        halves = (recruiting(primed(mature, inhibited, molecular.chromatin), rule) for inhibited in (0.0, freed))
        shield = molecular.brakes.nets_shield * m.nets[0]
        threshold = rule.protein_threshold * self.state.traits.protein_threshold[0]
        drive = capture(
            c.early[0], c.late[0], self.carried, m.protein[0], made, shield, threshold, Messengers(surplus, *halves),
            hours, rule, c.recent[0], self.lent,
        )  # fmt: skip
        factors = (1.0 + self._does("trkb")) * (1.0 - self._does("bdnf-loss"))
        factors *= 1.0 - rule.bdnf_stress * self._does("stress")
        supply = self._does("bdnf-supply")
        m.bdnf[0], m.creb[0] = advance_growth_factors(
            m.bdnf[0], m.creb[0], drive, permitted, factors, supply, hours, rule
        )
        m.suppressor[0] = advance_suppressor(
            m.suppressor[0], drive, self._does("methyltransferase-block"), hours, molecular.methylation
        )
        m.messenger[0] = advance_messengers(m.messenger[0], permitted, hours, rule)
        m.microrna[0] = advance_microrna(m.microrna[0], m.creb[0], hours, molecular.microrna)
        m.dserine[0] = advance_dserine(m.dserine[0], self._does("glia-clamp"), False, hours, molecular.glia)

    def _settle(self) -> None:
        """What moves at every full hour."""
        c, m, molecular, hours = self.state.circuit, self.state.molecules, self.params.molecular, self.hour
        mean = dict(zip(ACTIONS, 0.5 * (self.before + self.acting), strict=True))
        self.before[:] = self.acting
        brakes, rule = molecular.brakes, molecular.consolidation
        mature = maturity((self.clock - self.params.everyday.birth) / DAY, brakes)
        m.nets[0], m.nogo[0] = advance_brakes(m.nets[0], m.nogo[0], mature, mean["net-digestion"], hours, brakes)
        m.acetylation[0] = advance_acetylation(
            m.acetylation[0], mature, mean["deacetylase-block"], hours, molecular.chromatin
        )
        m.methylation[0] = advance_methylation(
            m.methylation[0], mature, mean["stress"], mean["methyltransferase-block"], hours, molecular.methylation
        )
        opening = structural_opening(m.nogo[0] * self.state.traits.brakes[0], mean["nogo-relief"], brakes)
        imprinted = rule.imprinting * c.aroused[0] * (1.0 - mean["synthesis-block"])
        held = held_back(
            m.suppressor[0], mean["methyltransferase-block"], mean["deacetylase-block"], molecular.methylation
        )
        prevented = unrestored(mean["synthesis-block"], mean["transcription-block"], held)
        settle(
            c.late[0], c.structure[0], c.labile_pre[0], c.labile_post[0], prevented,
            opening + imprinted, hours, rule,
        )  # fmt: skip
        c.aroused[0] *= np.exp(-hours / rule.tau_arousal)
        advance_homeostasis(
            c.gain[0], c.activity[0], c.set_point[0], opening, mean["spike-block"], hours, molecular.homeostasis
        )


Course = Callable[[float, int], list]  # a kernel taken `n` steps of `h`, everything else constant; what it moves


def repeated(step: Callable, *start: float) -> Course:
    """Return the course of a kernel that moves numbers, from `start`."""

    def course(h: float, n: int) -> list:
        level: Any = start if len(start) > 1 else start[0]
        for _ in range(n):
            level = step(level, h)
        return list(level) if isinstance(level, tuple) else [level]

    return course


def of_levels(params: ModelParams) -> dict[str, tuple[float | None, float, Course]]:
    """Return the kernels that move one level each: nominal order (None = exact), the model's step in h, course."""
    m, fine, hour = params.molecular, FINE / HOUR, 1.0
    rule, chromatin, methyl = m.consolidation, m.chromatin, m.methylation
    return {
        "growth factors": (
            2.0, fine, repeated(lambda x, h: advance_growth_factors(x[0], x[1], 0.3, 0.6, 1.2, 0.0, h, rule), 0.8, 0.2),
        ),
        "memory suppressors": (None, fine, repeated(lambda x, h: advance_suppressor(x, 0.01, 0.0, h, methyl), 0.5)),
        "messengers in dendrites": (None, fine, repeated(lambda x, h: advance_messengers(x, 0.9, h, rule), 0.5)),
        "microRNA": (None, fine, repeated(lambda x, h: advance_microrna(x, 0.6, h, m.microrna), 1.0)),
        "D-serine": (None, fine, repeated(lambda x, h: advance_dserine(x, 0.4, False, h, m.glia), 1.0)),
        "brakes": (None, hour, repeated(lambda x, h: advance_brakes(x[0], x[1], 0.9, 0.02, h, m.brakes), 1.0, 0.5)),
        "acetylation": (None, hour, repeated(lambda x, h: advance_acetylation(x, 0.9, 0.5, h, chromatin), 0.4)),
        "methylation": (None, hour, repeated(lambda x, h: advance_methylation(x, 0.9, 0.5, 0.2, h, methyl), 0.5)),
    }  # fmt: skip


def of_arrays(state: ModelState, params: ModelParams) -> dict[str, tuple[float | None, float, Course]]:
    """Return the kernels that move drugs, synapses and neurons, as `of_levels` does."""
    molecular, fine, hour = params.molecular, FINE / HOUR, 1.0
    rule = molecular.consolidation

    def drugs(h: float, n: int) -> list:
        m = arrays.copy(state).molecules
        for _ in range(n):
            advance_drugs(m.depot[0], m.plasma[0], m.effect[0], m.tolerance[0], 1.0, h, params.drugs)
        return [m.plasma, m.effect, m.tolerance]

    def early(h: float, n: int) -> list:
        one = Stretch(state, params, 1)
        c, tau = one.state.circuit, params.circuit.plasticity.tau_refractory
        for _ in range(n // 4):  # three hours, in which no axon falls below the resolution
            decay_early(c.early[0], c.refractory[0], one.live, h, False, tau, rule, one.carried)
        return [c.early]

    def captured(h: float, n: int) -> list:
        one = Stretch(state, params, 1)
        one._decay()  # which says what every axon carries
        c, protein = one.state.circuit, one.state.molecules.protein
        for _ in range(n):
            capture(
                c.early[0], c.late[0], one.carried, protein[0], 1.0, 0.3, 0.2, Messengers(0.1, 3.0, 2.0), h, rule,
                c.recent[0], one.lent,
            )  # fmt: skip
        return [c.late, protein]

    def settled(labile: float, h: float, n: int) -> list:
        c = arrays.copy(state).circuit
        c.structure[:] *= 0.7
        c.labile_pre[:] = c.labile_post[:] = labile
        for _ in range(n):
            settle(c.late[0], c.structure[0], c.labile_pre[0], c.labile_post[0], 0.3, 0.5, h, rule)
        return [c.late, c.structure]

    def homeostasis(h: float, n: int) -> list:
        c = arrays.copy(state).circuit
        c.activity[:] *= 2.0
        for _ in range(n):
            advance_homeostasis(c.gain[0], c.activity[0], c.set_point[0], 0.5, 0.0, h, molecular.homeostasis)
        return [c.gain, c.set_point]

    return {
        "drugs": (2.0, fine, drugs),
        "early phase": (None, fine, early),
        "proteins and late phase": (1.0, fine, captured),
        "structure": (None, hour, partial(settled, 0.0)),
        "structure, labile": (1.0, hour, partial(settled, 0.8)),
        "homeostasis": (1.0, hour, homeostasis),
    }


def errors(start: list, course: dict[int, list]) -> dict[int, float]:
    """Return by refinement the root mean square over variables of their largest error over their largest change."""
    best = course[max(course)]
    found = {}
    for finer, values in course.items():
        parts = []
        for first, value, right in zip(start, values, best, strict=True):
            change = float(np.max(np.abs(np.asarray(right) - first)))
            if change > MOVED:
                parts.append(float(np.max(np.abs(np.asarray(value) - right))) / change)
        found[finer] = float(np.sqrt(np.mean(np.square(parts))))
    return found


def judged(nominal: float | None, wrong: dict[int, float]) -> dict:
    """Return order (slope of log error over log step) against the nominal one, and whether it holds."""
    grids = [2**k for k in range(HALVINGS + 1)]
    error = [wrong[finer] for finer in grids]
    if max(error) < EXACT:
        return {"nominal": nominal or "exact", "observed": "exact", "errors": error, "holds": nominal is None}
    halvings = [float(np.log2(a / b)) if b > 0.0 else None for a, b in zip(error[:-1], error[1:], strict=True)]
    order = float(np.polyfit(np.log2(grids), -np.log2(np.maximum(error, 1e-300)), 1)[0])
    holds = nominal is not None and abs(order - nominal) <= NEAR
    return {
        "nominal": nominal or "exact", "observed": order, "halvings": halvings, "errors": error, "holds": holds,
    }  # fmt: skip


def moving(state: ModelState) -> dict[str, np.ndarray]:
    """Return what moves between events, by name; arousal and lability only fade, exactly."""
    left_out = {"circuit.turnover", "molecules.bath", "molecules.depot", "circuit.aroused"}
    named = arrays.flatten(state)
    return {
        name: values.copy()
        for name, values in named.items()
        if name.split(".")[0] in {"circuit", "molecules"} and name not in left_out and "labile" not in name
    }


def composition(state: ModelState, params: ModelParams) -> dict:
    """Return the order of the whole, and how its loop here compares to the model's own."""
    grids = [2**k for k in range(HALVINGS + 1)] + [FINEST]
    ends = {finer: moving(Stretch(state, params, finer).run(HOURS)) for finer in grids}
    start = moving(state)
    weights = {finer: [end[name] for name in OUTCOME] for finer, end in ends.items()}
    whole = judged(1.0, errors([start[name] for name in OUTCOME], weights))
    each = {}
    for name, first in start.items():
        if np.max(np.abs(ends[FINEST][name] - first)) > MOVED:
            found = judged(None, errors([first], {finer: [end[name]] for finer, end in ends.items()}))
            each[name] = {key: found[key] for key in ("observed", "errors")}
    own = arrays.copy(state)
    advance(own, lay_out([[]]), params, 11 * HOUR)  # two hours, in which proteins stand
    here, there = moving(Stretch(state, params, 1).run(2.0)), moving(own)
    away = max(float(np.max(np.abs(here[name] - there[name]))) for name in here)
    return {**whole, "variables": each, "away_from_the_model": away}


def measured(patient: int) -> dict:
    """Return the order of every kernel and of their composition."""
    state, params = morning(load_scenario("Fear"), "test", patient)
    grids = [2**k for k in range(HALVINGS + 1)] + [FINEST]
    kernels = {}
    for name, (nominal, step, course) in (of_levels(params) | of_arrays(state, params)).items():
        steps = round(HOURS / step)
        runs = {finer: course(step / finer, steps * finer) for finer in grids}
        kernels[name] = judged(nominal, errors(course(step, 0), runs))
    return {"kernels": kernels, "composition": composition(state, params)}


def lend(path: Path) -> None:
    """Let every cohort be the one that lies at `path`, in the precision of this build, which must be double."""
    real = empty(1, 8, 8).early.dtype
    if real != np.float64:
        raise RuntimeError(f"{plastenv.__file__}: this build keeps synapses as {real}, expected float64")
    with np.load(path) as file:
        named = {name: values.astype(real) if values.dtype == np.float32 else values for name, values in file.items()}
    cohort = arrays.unflatten(Cohort, named)
    Patients.take = lambda self, indices, report=None: arrays.take(cohort, list(indices))  # type: ignore
    Patients.intake = lambda self, indices, report=None: arrays.take(cohort, list(indices)).intake  # type: ignore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, help="patients to take; the first test patient by default")
    cohort = parser.parse_args().cohort
    if cohort:
        lend(cohort)
    print(json.dumps(measured(0)))


if __name__ == "__main__":
    main()
