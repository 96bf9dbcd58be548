"""The one table that maps published procedures to what reaches a circuit. Studies name its rows, and only those.

Frozen: a study brings its schedule, never a number of its own, so that encoding cannot become tuning. Stimulation is
written as spikes of pathways, experience as rows of the event table (circuit/episodes.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from plastenv.circuit.neurons import RELEASE
from plastenv.circuit.spiking import CURRENT, Patterns, no_patterns
from plastenv.lab import steps
from plastenv.parameters import PROJECT, Row

LEAD, TAIL = 0.12, 0.12  # s before the first and after the last spike of a pattern


@dataclass(frozen=True, slots=True)
class Procedure:
    """A number of the table: what it stands for, its unit and its source."""

    meaning: str
    unit: str
    value: float
    source: str


TABLE = {
    "tone": Procedure(
        "neuromodulatory tone of a slice whose afferents are stimulated: volleys release what phasic outcomes do awake",
        "1",
        67.2,
        "Otmakhova & Lisman 1996, J Neurosci 16:7478 (D1 in LTP); size " + PROJECT,
    ),
    "weak": Procedure("share of a pathway's axons that weak stimulation reaches", "1", 0.6, "Frey & Morris 1997"),
    "translation-block": Procedure(
        "onset of a blocker of protein synthesis inside cells, time constant",
        "min",
        15.0,
        "Frey & Morris 1997 (complete within half an hour)",
    ),
    "wash-out": Procedure("washing out of a bath drug, time constant", "min", 10.0, PROJECT),
    "translation-recovery": Procedure(
        "recovery of protein synthesis after a blocker is washed out, time constant",
        "min",
        180.0,
        "as the compound's elimination; Frey 1988, Brain Res 452:57 (hours)",
    ),
    "burst-pulses": Procedure("pulses of a theta burst", "1", 4, "Larson & Lynch 1986, Science 232:985"),
    "burst-rate": Procedure("pulses within a theta burst", "Hz", 100.0, "Larson & Lynch 1986"),
    "theta": Procedure("theta bursts", "Hz", 5.0, "Larson & Lynch 1986"),
    "current-rate": Procedure("spikes that a current makes in a burst", "Hz", 100.0, "Meredith 2003"),
    "magnetic-pulses": Procedure("pulses of a magnetic burst", "1", 3, "Huang 2005, Neuron 45:201"),
    "magnetic-rate": Procedure("pulses within a magnetic burst", "Hz", 50.0, "Huang 2005"),
    "magnetic-strength": Procedure("share of axons that pulses below motor threshold reach", "1", 0.6, PROJECT),
    "itbs-train": Procedure("length of a train of intermittent theta bursts", "s", 2.0, "Huang 2005"),
    "itbs-interval": Procedure("between the starts of two trains", "s", 10.0, "Huang 2005"),
    "current-traffic": Procedure("ongoing afferent volleys under direct current", "Hz", 2.0, PROJECT),
    "current-gain": Procedure(
        "change of gain under direct current", "1", 0.3, "Nitsche & Paulus 2000, J Physiol 527:633 (excitability 40 %)"
    ),
    "attempts": Procedure(
        "attempts that stand for a session of practice on a map", "1", 18, "as an hour of exposure trials; " + PROJECT
    ),
    "attempts-per-success": Procedure("attempts per success in practice", "1", 2, "adaptive criteria; " + PROJECT),
    "enriched-attempts": Procedure("attempts that enriched surroundings add", "1/d", 8, "twice the usual; " + PROJECT),
    "foot-shock": Procedure(
        "intensity of a foot shock over an ordinary outcome: five pairings are feared a day later",
        "1",
        12.0,
        "general; e.g. Fanselow & Bolles 1979, J Comp Physiol Psychol 93:736; size " + PROJECT,
    ),
    "release": Procedure(
        "phasic release by vagus nerve stimulation; a wholly unexpected outcome releases as much",
        "1",
        0.036,
        "bursts of coeruleus as by salient events; Hulsey 2017, Exp Neurol 289:21; size " + PROJECT,
    ),
    "release-pulses": Procedure(
        "pulses of a burst of neuromodulatory fibres in a slice", "1", 15, "half a second, as a release elsewhere"
    ),
    "release-rate": Procedure("pulses within that burst", "Hz", 30.0, "Yagishita 2014, Science 345:1616"),
    "release-delay": Procedure("from practice to delayed release", "h", 2.0, "Hays 2014, NeuroReport 25:676"),
    "growth-relief": Procedure(
        "Nogo signalling that an injury lifts",
        "1",
        0.8,
        "growth genes on, Carmichael 2006, Ann Neurol 59:735; " + PROJECT,
    ),
    "growth-trkb": Procedure("BDNF production that an injury adds", "1", 0.6, "Carmichael 2006; size " + PROJECT),
    "growth-half": Procedure(
        "time after an injury at which half of that is over", "d", 16.0, "two to four weeks; Murphy & Corbett 2009"
    ),
    "growth-width": Procedure(
        "width of its end", "d", 4.0, "Murphy & Corbett 2009, Nat Rev Neurosci 10:861; " + PROJECT
    ),
}


def listed() -> list[Row]:
    """List the table for people to read."""
    return [Row("Procedures", name, row.value, row.unit, row.meaning, row.source) for name, row in TABLE.items()]


def number(name: str) -> float:
    """Return a number of the table."""
    return TABLE[name].value


class Spikes(NamedTuple):
    """One pattern: spikes as (time in s, source, share of axons), in order of time, how long it lasts and its tone."""

    spikes: tuple[tuple[float, int, float], ...]
    duration: float
    tone: float


class Volley(NamedTuple):
    """A pattern at a time, in s after the step begins."""

    after: int
    pattern: Spikes


def _pattern(spikes: list[tuple[float, int, float]], uncaged: bool = False) -> Spikes:
    first = min(time for time, _, _ in spikes)
    moved = sorted((LEAD + time - first, source, share) for time, source, share in spikes)
    return Spikes(tuple(moved), moved[-1][0] + TAIL, 1.0 if uncaged else number("tone"))


@cache
def _train(source: int, rate: float, seconds: float, share: float) -> Spikes:
    pulses = max(1, round(rate * seconds))
    return _pattern([(k / rate, source, share) for k in range(pulses)])


@cache
def _bursts(source: int, bursts: int, pulses: int, rate: float, share: float) -> Spikes:
    theta = number("theta")
    return _pattern([(b / theta + k / rate, source, share) for b in range(bursts) for k in range(pulses)])


def _paced(unit: list[tuple[float, int, float]], rate: float, count: int) -> Iterator[Volley]:
    """Repeat the spikes of `unit` `count` times at `rate`, Hz; what repeats within seconds shares a pattern."""
    together = 1 if rate <= 1.0 else min(count, max(1, round(5.0 * rate)))
    for first in range(0, count, together):
        number_here = min(together, count - first)
        spikes = [(time + k / rate, source, share) for k in range(number_here) for time, source, share in unit]
        yield Volley(round(first / rate), _pattern(spikes))


def _pairs(step: steps.Pair, pathways: tuple[str, ...]) -> Iterator[Volley]:
    pre = [(0.0, pathways.index(step.pathway), 1.0)]
    if step.partner is not None:
        post = [(step.lag, pathways.index(step.partner), 1.0)]
    else:
        post = [(step.lag + k / number("current-rate"), CURRENT, 1.0) for k in range(step.spikes)]
    if not step.uncaged:
        yield from _paced(pre + post, step.rate, step.count)
        return
    spikes = [(time + k / step.rate, source, share) for k in range(step.count) for time, source, share in pre + post]
    if step.release is not None:
        rate = number("release-rate")
        pulses = range(int(number("release-pulses")))
        spikes += [(step.release + k / rate, RELEASE, number("release") / rate) for k in pulses]
    yield Volley(0, _pattern(spikes, uncaged=True))


def _magnetic(step: steps.IntermittentTheta | steps.ContinuousTheta) -> Iterator[Volley]:
    pulses, rate = int(number("magnetic-pulses")), number("magnetic-rate")
    share, theta = number("magnetic-strength"), number("theta")
    length = number("itbs-train") if step.do == "itbs" else 10.0
    pause = number("itbs-interval") if step.do == "itbs" else 10.0
    per_train = round(length * theta)
    trains = round(600 / pulses / per_train)
    pattern = _bursts(0, per_train, pulses, rate, share)
    for k in range(step.blocks * trains):
        yield Volley(round(k * pause), pattern)


def volleys(step: steps.Step, pathways: tuple[str, ...]) -> list[Volley]:
    """Return the spikes of a stimulation step; none for a step that stimulates no axon."""
    strong = 1.0 if getattr(step, "strength", "strong") == "strong" else number("weak")
    match step:
        case steps.Tetanus():
            pattern = _train(pathways.index(step.pathway), step.rate, step.seconds, strong)
            return [Volley(round(k * step.interval), pattern) for k in range(step.trains)]
        case steps.ThetaBurst():
            source, pulses = pathways.index(step.pathway), int(number("burst-pulses"))
            return [Volley(0, _bursts(source, step.bursts, pulses, number("burst-rate"), strong))]
        case steps.Pulses():
            return list(_paced([(0.0, pathways.index(step.pathway), 1.0)], step.rate, step.count))
        case steps.Pair():
            return list(_pairs(step, pathways))
        case steps.IntermittentTheta() | steps.ContinuousTheta():
            return list(_magnetic(step))
        case steps.DirectCurrent():
            count = round(60 * step.minutes * number("current-traffic"))
            return list(_paced([(0.0, 0, number("magnetic-strength"))], number("current-traffic"), count))
    return []


def lay_out(patterns: list[Spikes]) -> Patterns:
    """Lay patterns out for the kernel."""
    if not patterns:
        return no_patterns()
    spikes = [spike for pattern in patterns for spike in pattern.spikes]
    return Patterns(
        offsets=np.concatenate([[0], np.cumsum([len(pattern.spikes) for pattern in patterns])]).astype(np.int64),
        time=np.array([time for time, _, _ in spikes]),
        source=np.array([source for _, source, _ in spikes], np.int64),
        strength=np.array([share for _, _, share in spikes]),
        duration=np.array([pattern.duration for pattern in patterns]),
        tone=np.array([pattern.tone for pattern in patterns]),
    )
