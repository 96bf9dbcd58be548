import numpy as np

from plastenv.envs.batch import PatientBatch
from plastenv_agents.rules import OpenThenTrain


def test_the_rule_opens_trains_and_rests_within_the_limits(easy):
    batch = PatientBatch(easy, 3, observe="clinic")
    seen = batch.reset(range(3), [0] * 3, patients=range(3))
    rule = OpenThenTrain(easy)
    for day in range(14):
        action = rule.act(seen, batch.masks(), batch.state.key, day)
        step = batch.step(action)
        seen = step.observation
        assert not step.refused.any()
    names = [given.intervention for given in batch.given(0)]
    assert "rapid-opener" in names and "extinction-training" in names


def test_the_rule_waits_for_the_well(easy):
    rule, batch = OpenThenTrain(easy), PatientBatch(easy, 2, observe="clinic")
    seen = batch.reset([0, 1], [0, 0], patients=[0, 1])
    seen[:, 0] = 0.0
    assert not rule.act(seen, batch.masks(), batch.state.key, 1).any()
    assert np.array_equal(rule.act(seen + 1.0, batch.masks() * 0, batch.state.key, 1), [0, 0])
