import json

import gymnasium
import pytest
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.molecular.pharmacology import COMPOUND_INDEX, COMPOUNDS, TARGETS
from plastenv.report.catalogue import describe_intervention
from plastenv.scenarios.scenario import FILES, load_scenario
from plastenv.therapy.interventions import BY_NAME, CATALOGUE


def plastenv(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_every_intervention_and_scenario_is_listed():
    printed = plastenv("interventions").stdout
    assert all(what.name in printed for what in CATALOGUE)
    printed = plastenv("scenarios").stdout
    assert all(f"\n{name} " in printed for name in FILES)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_intervention_tells_its_limits_effects_and_sources(name):
    what, described = BY_NAME[name], describe_intervention(BY_NAME[name])
    assert what.source in described["sources"] and described["targets"] == list(what.targets)
    assert (
        f"{what.max_dose:g} study dose" in described["limits"][0] and f"{what.interval_h:g} h" in described["limits"][1]
    )
    assert [text.split(" within ")[0] for text in described["contraindicated"]] == list(what.apart)
    assert described["effects"] and f"{what.burden:g} point" in described["burden"]
    if what.kind == "drug":
        compound = COMPOUNDS[COMPOUND_INDEX[name]]
        assert [text.split(":")[0] for text in described["effects"]] == [TARGETS[a.target] for a in compound.actions]
        assert compound.source in described["sources"] and described["kinetics"]
    printed = plastenv("interventions", name)
    assert printed.exit_code == 0 and described["effects"][0][:40] in printed.stdout
    assert json.loads(plastenv("interventions", name, "--json", "-").stdout) == described


def test_an_intervention_names_the_schedules_that_give_it():
    assert describe_intervention(BY_NAME["synthesis-blocker"])["schedules"] == ["nader-2000-synthesis-blocker"]


@pytest.mark.parametrize("name", FILES)
def test_a_scenario_tells_what_its_file_says(name):
    task, described = load_scenario(name), json.loads(plastenv("scenarios", name, "--json", "-").stdout)
    assert described["treatment"] == f"{task.horizon_days} days"
    assert f"day {task.horizon_days + 84}" in described["followup"]
    assert f"on day {task.horizon_days + task.challenge_days + 1}" in described["followup"]  # days count from 1
    assert described["interventions"] == list(task.interventions)
    assert any(f"{task.objective.budget:g}" in text for text in described["limits"])
    assert {BY_NAME[each].source for each in task.interventions} == set(described["sources"])
    for id in described["environments"]:
        assert gymnasium.spec(id).kwargs["scenario"] == name
    assert len(described["environments"]) == 2 and described["what"][0].islower()
    printed = plastenv("scenarios", name).stdout
    assert described["what"] in printed and described["score"] in printed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["interventions", "rapid-openr"], "did you mean 'rapid-opener'"), (["scenarios", "Faer"], "did you mean 'Fear'"),
     (["interventions", "--json", "."], "is a folder")],
)  # fmt: skip
def test_a_mistake_is_one_message(arguments, expected):
    refused = plastenv(*arguments)
    assert refused.exit_code == 2 and expected in refused.stderr and len(refused.stderr.splitlines()) == 1
