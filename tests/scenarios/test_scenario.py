import numpy as np
import pytest

from plastenv.parameters import rows
from plastenv.patients.cohort import References
from plastenv.scenarios.objective import harm, restored
from plastenv.scenarios.scenario import ScenarioError, load_scenario


def test_unknown_scenario_names_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean 'Fear'"):
        load_scenario("Faer")


def test_wrong_values_name_their_place():
    with pytest.raises(ScenarioError, match=r"horizon_days = -1"):
        load_scenario("Fear", horizon_days=-1)
    with pytest.raises(ScenarioError, match="is unknown"):
        load_scenario("Fear", interventions=("rapid-opner",))


def test_easy_differs_in_what_it_says_only(fear, easy):
    assert easy.horizon_days == 14
    assert easy.anatomy == fear.anatomy and easy.circuit == fear.circuit and easy.population == fear.population


def test_more_units_have_more_and_weaker_synapses(fear):
    larger = load_scenario("Fear", anatomy=fear.anatomy.model_dump() | {"units": 128})
    one, other = fear.params, larger.params
    assert other.anatomy.cues.sum(1).tolist() == (2 * one.anatomy.cues.sum(1)).tolist()
    assert other.circuit.plasticity.weight_unit == one.circuit.plasticity.weight_unit / 2
    assert other.molecular.consolidation.tag == one.molecular.consolidation.tag / 2
    assert larger.recipe.youth.birth_weight == fear.recipe.youth.birth_weight / 2
    assert other.molecular.consolidation.resource == one.molecular.consolidation.resource  # of a neuron, not a synapse


def test_every_parameter_has_meaning_unit_and_source(fear):
    table = rows(fear.circuit) + rows(fear.molecular)
    assert len(table) > 50
    assert all(row.meaning and row.unit and row.source for row in table)


def test_restored_is_zero_untreated_and_one_premorbid():
    reference = References(np.array([0.9]), np.array([0.2]), np.array([0.8]))
    assert restored(np.array([0.2]), reference) == 0.0 and restored(np.array([0.9]), reference) == 1.0
    assert restored(np.array([0.0]), reference) < 0.0


def test_harm_counts_lost_memories_and_seizures_never_gains(fear):
    reference = References(np.array([0.9]), np.array([0.2]), np.array([0.8]))
    none, better, worse = np.array([0]), np.array([0.9]), np.array([0.6])
    assert harm(better, better, none, reference, fear.objective) == 0.0
    assert harm(worse, worse, np.array([1]), reference, fear.objective) == pytest.approx(30.0)
    assert harm(worse, better, none, reference, fear.objective) == pytest.approx(10.0)
