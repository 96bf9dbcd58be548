"""Parameter sets: what is refused, and that a set is as good as other numbers in the tables."""

import pytest

from plastenv.circuit.params import CircuitParams
from plastenv.lab.ablation import MECHANISMS
from plastenv.molecular.params import MolecularParams
from plastenv.scenarios.parameters import applied, checked, known, models, read_ensemble, read_parameters
from plastenv.scenarios.scenario import load_scenario

TAU = "molecular.consolidation.tau_late"


@pytest.fixture
def file(tmp_path):
    def write(text: str):
        path = tmp_path / "set.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_every_number_has_its_name_and_its_row():
    circuit, molecular = CircuitParams(), MolecularParams()
    assert len(known()) == sum(len(table) for table in (*circuit, *molecular))
    assert known()[TAU].value == molecular.consolidation.tau_late and known()[TAU].unit == "d"
    assert known()["circuit.plasticity.efficacy"].value == circuit.plasticity.efficacy
    ablated = {name for mechanism in MECHANISMS.values() for name in mechanism.sets if not name.startswith("everyday")}
    assert ablated <= set(known())


def test_a_file_is_read_and_changes_what_it_names_only(file):
    values = read_parameters(file(f"{TAU}: 6\ncircuit.plasticity.efficacy: 0.5  # was less\n"))
    assert values == {TAU: 6.0, "circuit.plasticity.efficacy": 0.5}
    molecular, circuit = applied(MolecularParams(), values), applied(CircuitParams(), values)
    shipped = MolecularParams()
    assert molecular == shipped._replace(consolidation=shipped.consolidation._replace(tau_late=6.0))
    assert isinstance(molecular.consolidation.tau_late, float)  # a kernel compiled for floats takes it
    assert circuit.plasticity.efficacy == 0.5 and circuit.spike == CircuitParams().spike
    assert applied(shipped, {}) == shipped


MISTAKES = {
    "unknown": ("molecular.consolidation.tau_lat: 6", "unknown parameter; did you mean 'molecular.consolidation.tau_"),
    "no path": ("tau_late: 6", f"tau_late = '6': unknown parameter; did you mean '{TAU}'?"),
    "a table": ("molecular.consolidation: 6", "unknown parameter"),
    "nan": (f"{TAU}: .nan", f"{TAU} = 'nan': expected a finite number"),
    "infinite": (f"{TAU}: .inf", "expected a finite number"),
    "negative": (f"{TAU}: -6", f"expected a number above 0, as the shipped one is {known()[TAU].value:g}"),
    "zero": (f"{TAU}: 0", "expected a number above 0"),
    "negative where nothing ships": ("circuit.plasticity.a2_plus: -1", "expected a number from 0"),
    "text": (f"{TAU}: 1e1", f"{TAU} = '1e1': expected a number (with a point before an exponent"),
    "truth": (f"{TAU}: yes", "expected a number"),
    "list": (f"{TAU}: [6]", f"{TAU}: expected a number"),
    "twice": (f"{TAU}: 6\n{TAU}: 7", "is given twice"),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_refused_with_file_line_and_name(file, case):
    text, expected = MISTAKES[case]
    with pytest.raises(ValueError) as refused:
        read_parameters(file(text))
    said = str(refused.value)
    assert expected in said and "set.yaml" in said and "\n" not in said
    assert case == "empty" or f"line {text.count(chr(10)) + 1}" in said


def test_a_set_made_elsewhere_is_checked_too():
    with pytest.raises(ValueError, match=r"tau_late = -1: expected a number above 0"):
        applied(MolecularParams(), {TAU: -1})
    with pytest.raises(ValueError, match="did you mean"):
        models({"molecular.consolidation.tau": 1.0})


def test_zero_is_a_number_where_zero_ships():
    assert checked("circuit.plasticity.a2_plus", 0) == 0.0


def test_a_scenario_of_a_set_has_other_patients():
    shipped, other = load_scenario("Fear"), load_scenario("Fear", **models({TAU: 6.0}))
    assert other.params.molecular.consolidation.tau_late == 6.0
    assert shipped.recipe.hash == load_scenario("Fear", **models({})).recipe.hash != other.recipe.hash


def test_an_ensemble_is_a_list_of_sets(file):
    found = read_ensemble(file(f"sets:\n  - {TAU}: 6\n    circuit.plasticity.efficacy: 0.5\n  - {TAU}: 8\n"))
    assert found == [{TAU: 6.0, "circuit.plasticity.efficacy": 0.5}, {TAU: 8.0}]


def test_the_shipped_sets_differ_and_move_the_same_numbers():
    sets = read_ensemble()
    assert len({tuple(values.items()) for values in sets}) == len(sets)
    assert len({tuple(values) for values in sets}) == 1
    for values in sets:
        assert models(values) != models({})


MISSHAPEN = {
    "other key": (f"set:\n  - {TAU}: 6\n", "line 1: set: unknown key; expected sets"),
    "no list": (f"sets:\n  {TAU}: 6\n", "line 1: sets: expected a list of parameter sets"),
    "nothing": ("sets: []\n", "sets: expected a list"),
    "an empty set": (f"sets:\n  - {TAU}: 6\n  - {{}}\n", "sets: expected a list"),
    "a number": ("sets: [6]\n", "sets: expected a list"),
    "unknown": (f"sets:\n  - {TAU}: 6\n  - tau_lat: 7\n", "line 3: tau_lat = '7': unknown parameter"),
    "negative": (
        f"sets:\n  - {TAU}: -6\n",
        "line 2: molecular.consolidation.tau_late = '-6': expected a number above 0",
    ),
}


@pytest.mark.parametrize("case", MISSHAPEN)
def test_a_mistake_in_an_ensemble_is_refused_with_file_line_and_name(file, case):
    text, expected = MISSHAPEN[case]
    with pytest.raises(ValueError) as refused:
        read_ensemble(file(text))
    assert expected in str(refused.value) and "set.yaml" in str(refused.value)
