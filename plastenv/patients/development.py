"""Grow patients: infancy carves the healthy assemblies, adversity the aversive one, then the brakes close.

Nothing is painted: every weight after birth is written by the circuit and its molecules. Youth is compressed
(days stand for years); the calendar's day 0 is the first day of treatment. A sibling grows up alongside with the
same traits and the same days, only that what brought adversity brings the ordinary outcome.
"""

from dataclasses import dataclass, replace

import numpy as np

from plastenv import arrays, rng
from plastenv.circuit.episodes import INDEX
from plastenv.circuit.memo import memo
from plastenv.circuit.state import empty
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.types import DAY, HOUR, ModelParams, ModelState, Traits
from plastenv.molecular.pharmacology import COMPOUNDS, TARGETS
from plastenv.molecular.state import infant

WAKE, BED = 7, 23  # h
INTENSITY = 1.5  # of the aversive outcome


@dataclass(frozen=True, slots=True)
class Youth:
    """Calendar of youth, in days of compressed time, and what fills it."""

    infancy: int  # d of open plasticity and play
    adversity: int  # d in which adverse hours are spread
    adulthood: int  # d from the end of adversity to treatment: rest, closure of the brakes, burn-in
    play: int  # pairings per waking hour of infancy
    birth_weight: float  # mean input weight at birth; circuit weights are half of it

    @property
    def days(self) -> int:
        """Days from birth to the first day of treatment."""
        return self.infancy + self.adversity + self.adulthood


def newborn(keys: np.ndarray, traits: Traits, params: ModelParams, youth: Youth) -> ModelState:
    """Return patients at birth: weak random weights, no brakes. `keys` are the patients' own, (patients,)."""
    units, inputs = params.anatomy.outcome_read.shape[1], params.anatomy.cues.shape[1]
    circuit = empty(len(keys), units, inputs)
    for p, key in enumerate(keys):
        weights = youth.birth_weight * rng.generator(int(key), rng.WIRING).uniform(0.2, 1.8, (units + inputs, units))
        weights[:units] *= 0.5
        np.fill_diagonal(weights[:units], 0.0)
        circuit.late[p] = circuit.structure[p] = weights
    circuit.activity[:] = circuit.set_point[:] = 0.05
    return ModelState(
        clock=np.full(len(keys), params.everyday.birth, np.int64),
        key=keys.copy(),
        traits=traits,
        circuit=circuit,
        memo=memo(len(keys), 0, units),
        molecules=infant(len(keys), units, len(COMPOUNDS), len(TARGETS)),
        seizures=np.zeros(len(keys), np.int64),
        last_seizure=np.full(len(keys), params.everyday.birth - DAY, np.int64),
    )


def infancy(params: ModelParams, youth: Youth) -> list[Event]:
    """Return the play of infancy: hour after hour one cue with its own outcome."""
    life, calendar = params.everyday, []
    cues = len(life.cues)
    for day in range(youth.infancy):
        for turn, hour in enumerate(range(WAKE, BED)):
            cue = int(life.cues[(turn + day * (BED - WAKE)) % cues])
            for k in range(youth.play):
                at = life.birth + day * DAY + hour * HOUR + k * HOUR // youth.play + 7
                context = int(life.contexts[(day + turn // cues + k) % len(life.contexts)])
                strength = 0.6 + 0.1 * ((k + hour) % 6)
                calendar.append(
                    Event(at, episode=INDEX["pairing"], cue=cue, context=context, outcome=cue, strength=strength)
                )
    return calendar


def adversity(key: int, hours: np.ndarray, context: int, params: ModelParams, youth: Youth) -> list[Event]:
    """Return the adverse hours of one patient, four pairings each, spread at random; `hours` is (cues,)."""
    draw = rng.generator(key, rng.HISTORY)
    first, span = params.everyday.birth + youth.infancy * DAY, BED - WAKE - 2
    aversive = params.anatomy.outcome_read.shape[0] - 1
    calendar = []
    for cue, number in enumerate(hours.astype(int)):
        for slot in draw.choice(youth.adversity * span, size=min(number, youth.adversity * span), replace=False):
            day, hour = divmod(int(slot), span)
            for k in range(4):
                at = first + day * DAY + (WAKE + 1 + hour) * HOUR + k * HOUR // 4 + 200 * cue + 11
                calendar.append(
                    Event(
                        at,
                        episode=INDEX["pairing"],
                        cue=cue,
                        context=context,
                        outcome=aversive,
                        strength=0.8 + 0.1 * k,
                        intensity=INTENSITY,
                    )
                )
    return calendar


def spared(event: Event) -> Event:
    """Return what the sibling meets instead of an adverse pairing: the same cue with its ordinary outcome."""
    return replace(event, episode=INDEX["everyday-outcome"], outcome=event.cue, intensity=1.0)


def develop(
    keys: np.ndarray, traits: Traits, params: ModelParams, youth: Youth, context: int
) -> tuple[ModelState, ModelState, ModelState]:
    """Grow patients from birth to the first day of treatment.

    Adversity happens in `context`. Returns the circuit before adversity (premorbid), the never-adverse sibling
    at the patient's age, and the patient.
    """
    state = newborn(keys, traits, params, youth)
    advance(state, lay_out([infancy(params, youth)] * len(keys)), params, params.everyday.birth + youth.infancy * DAY)
    premorbid, sibling = arrays.copy(state), arrays.copy(state)
    histories = [
        adversity(int(key), hours, context, params, youth) for key, hours in zip(keys, traits.adversity, strict=True)
    ]
    advance(state, lay_out(histories), params, 0)
    advance(sibling, lay_out([[spared(event) for event in history] for history in histories]), params, 0)
    return premorbid, sibling, state
