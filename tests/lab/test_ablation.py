"""Taking mechanisms out: what goes, what stays, and that circuits run away without what holds them."""

from dataclasses import astuple

import numpy as np
import pytest

from plastenv import arrays
from plastenv.circuit import plasticity
from plastenv.circuit.episodes import INDEX, LONGEST
from plastenv.circuit.neurons import Stimulus, load_weights, scratch, simulate
from plastenv.circuit.params import CircuitParams
from plastenv.lab import animal, eyes, patient, steps
from plastenv.lab.ablation import MECHANISMS, UNTREATED, ablated, known, unclamped, without
from plastenv.lab.bench import run
from plastenv.lab.experiment import battery
from plastenv.lab.subject import Subject
from plastenv.model.advance import advance
from plastenv.model.calendar import lay_out
from plastenv.model.types import HOUR
from plastenv.molecular.homeostasis import departure
from plastenv.molecular.params import MolecularParams
from tests.conftest import same

SEEDS = range(3)
STABILISERS = ("threshold", "scaling", "inhibition", "resource", "competition", "soft-limits")
FEAR = {"animal": (animal, steps.Animal(kind="animal")), "patient": (patient, steps.Patient(kind="patient"))}


def made(kind: str, names: tuple[str, ...], *schedule: steps.Step, seeds: range = SEEDS) -> Subject:
    """A patient or an animal without the mechanisms `names`, as the bench makes it."""
    module, spec = FEAR[kind]
    molecular, circuit = (ablated(params, names, kind) for params in (MolecularParams(), CircuitParams()))
    return without(module.subject(spec, schedule, seeds, molecular, circuit), names, kind)


def lead(subject: Subject, days: float) -> Subject:
    """Lead a subject to `days` after t0."""
    events = [type(event)(subject.t0 + event.time, *astuple(event)[1:]) for event in subject.events]
    until = subject.t0 + round(days * 24) * HOUR
    advance(subject.state, lay_out([events] * len(subject.state.key)), subject.params, until)
    return subject


def acting(subject: Subject) -> np.ndarray:
    """What every synapse acts by, (seeds, pre, post)."""
    circuit = subject.state.circuit
    return circuit.gain[:, None, :] * (circuit.early + circuit.late)


def conditioned(cue: int, at: str, trials: int = 20) -> steps.Condition:
    return steps.Condition(do="condition", cue=cue, at=at, trials=trials, minutes=30)


@pytest.mark.parametrize(
    "call", [known, lambda names: ablated(CircuitParams(), names), lambda n: run(battery()[0], ablate=n)]
)
def test_an_unknown_mechanism_is_refused_with_the_nearest(call):
    with pytest.raises(ValueError, match="scalng: unknown mechanism; did you mean 'scaling'"):
        call(("nets", "scalng"))


def test_every_row_of_the_physics_table_can_be_taken_out():
    assert {mechanism.row for mechanism in MECHANISMS.values()} == set(range(1, 19))
    assert all(part in MECHANISMS for mechanism in MECHANISMS.values() for part in mechanism.parts)


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_ablation_changes_something_and_leaves_alone_what_it_was_given(name, fear):
    intact = fear.params
    drugs, anatomy = arrays.copy(intact.drugs), arrays.copy(intact.anatomy)
    taken = ablated(intact, (name,))
    changed = [taken.circuit != intact.circuit, taken.molecular != intact.molecular]
    changed += [not same(taken.drugs, drugs), not same(taken.anatomy, anatomy)]
    changed += [taken.everyday.replays != intact.everyday.replays, MECHANISMS[name].subject is not None]
    assert any(changed)
    assert same(intact.drugs, drugs) and same(intact.anatomy, anatomy)


def test_without_every_stabiliser_weights_run_away_and_with_them_they_do_not():
    """Row 3. Ten days with fear conditioning to every cue; the strongest weight over the strongest at the start."""
    schedule = [conditioned(cue, f"{24 * day + cue} h") for day in range(10) for cue in range(1, 7)]
    grown = {}
    for names in ((), STABILISERS):
        subject = made("patient", names, *schedule)
        before = acting(subject).max((1, 2))
        grown[names] = acting(lead(subject, 10)).max((1, 2)) / before
    assert (grown[STABILISERS] > 10.0).all()
    assert (grown[()] < 2.0).all()


def fast_means(subject: Subject) -> tuple[float, float]:
    """Modulator and inhibition over the seconds of a patient's everyday life, the second in units of input."""
    params, state = subject.params, subject.state
    anatomy, circuit, life = params.anatomy, params.circuit, params.everyday
    units, dt = anatomy.receives.shape[0], circuit.neuron.dt
    trace = scratch(units, anatomy.cues.shape[1], len(anatomy.outcome_read), dt, LONGEST)
    factors = plasticity.factors_scratch(units, dt, LONGEST)
    modulator = inhibition = seconds = 0.0
    for p in range(len(state.key)):
        for cue in life.cues:
            for kind, share, outcome in (
                ("everyday-outcome", life.benign, anatomy.cue_outcome[cue]),
                ("everyday-cue", 1.0 - life.benign, -1),
            ):
                stimulus = Stimulus(INDEX[kind], cue, 0, outcome, -1, life.strength, 1.0, 0.0)
                early, late, gain = state.circuit.early[p], state.circuit.late[p], state.circuit.gain[p]
                load_weights(early, late, gain, 1.0, trace.total, trace.weights)
                row = params.episodes[INDEX[kind]]
                count = simulate(row, stimulus, 1.0, state.traits.avoidance[p], anatomy, circuit, trace)
                plasticity._read_back(trace.surprise, count, circuit, factors.surprise)
                plasticity._read_back(trace.omission, count, circuit, factors.omission)
                rule, released = circuit.plasticity, factors.surprise[:count] + factors.omission[:count]
                modulator += share * np.sum(rule.modulator_tonic + rule.modulator_phasic * released)
                inhibition += share * circuit.neuron.pv_gain * 8.0 / units * trace.rates[: trace.ran[0]].sum()
                seconds += share * count
    return modulator / seconds, inhibition / seconds


def test_clamped_means_are_those_of_the_untreated():
    """Held constants go stale when the model changes; this is where that shows."""
    subject, mean = made("patient", (), seeds=range(12)), UNTREATED["patient"]
    modulator, inhibition = fast_means(subject)
    assert modulator == pytest.approx(mean.modulator, rel=0.1)
    assert inhibition == pytest.approx(mean.inhibition, rel=0.2)
    rooms, departures, growth, suppressed = [], [], [], []
    for day in range(1, 6):
        state = lead(subject, day + 1 / 6).state
        rooms.append(1.0 - state.circuit.late.sum(1) / MolecularParams().consolidation.resource)
        homeostasis = MolecularParams().homeostasis
        departures.append(departure.py_func(state.circuit.activity, state.circuit.set_point, homeostasis))
        growth.append(state.molecules.bdnf.copy())
        suppressed.append(state.molecules.suppressor.copy())
    assert np.mean(rooms) == pytest.approx(mean.room, abs=0.05)
    assert np.mean(departures) == pytest.approx(mean.departure, abs=0.1)
    assert np.mean(growth) == pytest.approx(mean.bdnf, abs=0.03)
    assert np.mean(suppressed) == pytest.approx(mean.suppressor, abs=0.2)


def test_no_action_on_what_is_taken_out_has_an_effect():
    """An opener acts on receptors, Nogo and TrkB; a bath on Nogo: without these, neither leaves a difference."""
    names = ("nmda", "nogo", "bdnf")
    drug = steps.Dose(do="dose", compound="rapid-opener", at="0 h")
    bath = steps.Bath(do="bath", action="nogo-relief", at="1 h")
    teach = steps.Teach(do="teach", cue=7, at="2 h")
    with_drug, vehicle = (lead(made("animal", names, *given, teach), 2).state.circuit for given in ((drug, bath), ()))
    assert same(with_drug, vehicle)
    intact, plain = (lead(made("animal", (), *given, teach), 2).state.circuit for given in ((drug, bath), ()))
    assert not same(intact, plain)
    held = steps.Eyes(kind="eyes", clamps={"nogo-relief": 1.0, "bdnf-loss": 0.5})
    assert unclamped(held, ("nogo",)).clamps == {"bdnf-loss": 0.5} and len(held.clamps) == 2


def test_held_states_stay_at_their_means():
    subject = lead(made("patient", ("bdnf", "acetylation", "scaling"), conditioned(1, "1 h")), 3)
    began = made("patient", ()).state
    assert subject.state.molecules.bdnf == pytest.approx(UNTREATED["patient"].bdnf, abs=1e-3)
    assert subject.state.molecules.acetylation == pytest.approx(0.5, abs=1e-3)
    assert subject.state.circuit.gain == pytest.approx(began.circuit.gain, abs=1e-9)


@pytest.mark.parametrize("name", ["hebbian", "early", "late"])
def test_nothing_is_learned_without_induction_its_phase_or_its_capture(name):
    kept = {names: lead(made("animal", names, conditioned(1, "1 h")), 2) for names in ((), (name,))}
    learned = {names: subject.read(subject.state, "fear", "cue-1").mean() for names, subject in kept.items()}
    assert learned[()] > learned[(name,)] + 0.2


def test_all_clocks_run_alike_within_and_between_episodes():
    circuit, molecular = (ablated(params, ("timescales",)) for params in (CircuitParams(), MolecularParams()))
    hours = molecular.consolidation.tau_early
    assert hours == pytest.approx(circuit.plasticity.tau_refractory) == pytest.approx(24 * molecular.brakes.tau_nets)
    assert hours == pytest.approx(molecular.chromatin.tau) == pytest.approx(24 * molecular.homeostasis.tau_scaling)
    assert circuit.neuron.tau == pytest.approx(circuit.plasticity.tau_eligibility) == pytest.approx(circuit.spike.tau)


@pytest.mark.parametrize("rates", [(20.0, 10.0), (50.0, 60.0)])
def test_without_timing_rates_drive_what_they_did(rates):
    x, y = rates
    drives = []
    for names in ((), ("timing",)):
        rule = ablated(CircuitParams(), names).plasticity
        drives.append((rule.a3_plus * rule.tau_plus * rule.tau_y * x * y**2, rule.a2_minus * rule.tau_minus * x * y))
    assert drives[0] == pytest.approx(drives[1])
    twice = ablated(ablated(CircuitParams(), ("timing", "threshold")), ("timing", "threshold"))
    assert twice.plasticity == pytest.approx(ablated(CircuitParams(), ("timing", "threshold")).plasticity)


def test_shuffled_trials_come_when_they_came_with_other_cues():
    schedule = (conditioned(1, "1 h"), steps.Extinguish(do="extinguish", cue=1, at="1 d"))
    plain, shuffled = (made("patient", names, *schedule).events for names in ((), ("content",)))
    assert [(e.time, e.episode) for e in plain] == [(e.time, e.episode) for e in shuffled]
    assert {event.cue for event in plain} == {0} and len({event.cue for event in shuffled}) > 4
    assert sorted(e.outcome for e in plain) == sorted(e.outcome for e in shuffled)


def test_without_recurrence_the_aversive_assembly_stays_unconnected(fear):
    subject = made("patient", ("attractors",), conditioned(1, "1 h"))
    units = np.flatnonzero(fear.params.anatomy.assemblies[fear.aversive])
    intact = made("patient", ()).state.circuit.late[:, units[:, None], units]
    assert intact.sum() > 0.0
    assert not acting(lead(subject, 1))[:, units[:, None], units].any()


def test_eyes_grow_up_without_what_is_taken_out():
    spec = steps.Eyes(kind="eyes", age="critical-period")
    grown = {}
    for names in ((), ("critical-period",)):
        params = ablated(MolecularParams(), names, "eyes"), ablated(CircuitParams(), names, "eyes")
        grown[names] = without(eyes.subject(spec, (), range(1), *params), names, "eyes").state.molecules
    assert grown[()].nogo[0] < 0.1 < 0.9 < grown[("critical-period",)].nogo[0]


def test_a_study_of_reconsolidation_falls_without_it_and_stands_again():
    (nader,) = (study for study in battery() if study.id == "nader-2000-reconsolidation")
    seeds = range(6)
    intact, cut, again = (run(nader, seeds, names) for names in ((), ("reconsolidation",), ()))

    def loss(result):
        return (result.values["react_veh_0h@prLTM"] - result.values["react_ani_0h@prLTM"]).mean()

    assert loss(intact) > 0.2 > 0.1 > loss(cut)
    assert all(np.array_equal(intact.values[key], again.values[key]) for key in intact.values)
