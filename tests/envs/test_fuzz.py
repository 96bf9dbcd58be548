"""Whatever is handed in: either it is of its kind, or a typed error names it and nobody is touched."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn_arrays

from plastenv.envs.actions import ActionError
from plastenv.envs.batch import PatientBatch
from plastenv.envs.single import PatientEnv
from plastenv.envs.snapshot import Snapshot, SnapshotError
from plastenv.envs.vector import PatientVectorEnv
from plastenv.scenarios.scenario import ScenarioError, load_scenario

ODD = [np.nan, np.inf, -np.inf, -1, 2**70, 0.5, "", "x", b"x", None, True, [], [1], {}, object(), np.zeros(3)]
JUNK = st.one_of(
    st.sampled_from(ODD),
    st.floats(),
    st.integers(),
    st.text(max_size=8),
    st.lists(st.floats(), max_size=4),
    drawn_arrays(st.sampled_from([np.float32, np.float64, np.int64]), st.tuples(st.integers(0, 3), st.integers(0, 3))),
)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def kept(batch):
    """Return everything that what follows depends on, as bytes."""
    found = []
    for value in batch.kept().values():
        leaves = [value] if isinstance(value, np.ndarray) else list(value)
        while leaves:
            leaf = leaves.pop()
            if isinstance(leaf, np.ndarray):
                found.append(leaf.tobytes())
            else:
                leaves += list(leaf)
    return found


@pytest.fixture(scope="module", params=["menu", "doses"])
def batch(request, easy):
    made = PatientBatch(easy, 2, actions=request.param, among=8)
    made.reset([0, 1], [0, 0])
    return made


@MANY
@given(action=JUNK, row=st.integers(0, 1), entry=st.integers(0, 12), whole=st.booleans())
@example(action=[[1], [1, 2]], row=0, entry=0, whole=True)
def test_an_action_is_legal_or_named(batch, action, row, entry, whole):
    before = kept(batch)
    tried = action
    if not whole:  # one field of an action that is right otherwise
        tried = np.zeros((2, *batch.action_space.shape), object)
        tried[(row, entry) if tried.ndim == 2 else row] = action if np.isscalar(action) else object()
        tried = tried.tolist()
    try:
        with np.errstate(over="ignore"):
            legal = all(batch.action_space.contains(np.asarray(own, batch.action_space.dtype)) for own in tried)
        legal = legal and np.shape(tried) == (2, *batch.action_space.shape)
    except (TypeError, ValueError, OverflowError):
        legal = False
    if legal:
        return
    with pytest.raises(ActionError, match="action"):
        batch.step(tried)
    assert kept(batch) == before


OPTIONS = {
    "rows": "rows", "patients": "patients", "among": "among", "observe": "observe", "actions": "actions",
    "decision_hours": "decision_hours", "reward": "reward", "fidelity": "fidelity", "terminations": "terminations",
    "threads": "threads",
}  # fmt: skip
FITTING = {"among": [None], "terminations": [True, False]}


@MANY
@given(option=st.sampled_from(sorted(OPTIONS)), value=JUNK)
def test_an_option_fits_or_is_named(easy, option, value):
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    limit = {"among": 512, "decision_hours": 24, "rows": 8, "threads": 2**80}.get(option, 0)
    if any(value is fits for fits in FITTING.get(option, [])) or (whole and 1 <= value <= limit):
        return
    if option == "rows" and whole and value > limit:
        return
    with pytest.raises(ValueError, match=option):
        PatientBatch(easy, **{option: value})


@MANY
@given(value=JUNK)
def test_a_scenario_is_known_or_named(value):
    with pytest.raises(ScenarioError, match="unknown scenario"):
        load_scenario(value)


RESETS = ("seed", "options", "patient", "patients", "reset_mask")


@MANY
@given(field=st.sampled_from(RESETS), value=JUNK)
def test_a_reset_fits_or_is_named(vector, field, value):
    env, single = vector
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0
    fits = {
        "seed": value is None or (whole and value < 2**61),
        "options": value is None or value == {} if isinstance(value, dict | None) else False,
        "patient": value is None or (whole and value < 512),
        "patients": value is None,
        "reset_mask": value is None,
    }
    if fits[field]:
        return
    chosen = single if field == "patient" else env
    before = kept(chosen.batch)
    arguments = {field: value} if field in ("seed", "options") else {"options": {field: value}}
    with pytest.raises(ValueError, match=field.removesuffix("s")):
        chosen.reset(**arguments)
    assert kept(chosen.batch) == before


@pytest.fixture(scope="module")
def vector(easy):
    env, single = PatientVectorEnv(2, easy, among=8), PatientEnv(easy, among=8)
    env.reset(seed=0)
    single.reset(seed=0)
    return env, single


@MANY
@given(name=st.sampled_from(("autoreset_mode", "render_mode", "scenario", "num_envs")), value=JUNK)
def test_a_vector_option_fits_or_is_named(name, value):
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if (name == "render_mode" and value is None) or (name == "num_envs" and whole and value > 0):
        return
    with pytest.raises(ValueError, match="rows" if name == "num_envs" else name.split("_")[0]):
        PatientVectorEnv(**{"num_envs": 1, "scenario": "Fear-easy", name: value})


PARTS = [
    ("horizon_days", None), ("followup_days", None), ("adversity_context", None), ("interventions", None),
    *(("anatomy", key) for key in ("units", "cues", "contexts", "teaching", "suppression", "relief", "restraint")),
    *(("everyday", key) for key in ("cues", "extra", "contexts", "benign", "strength", "wake", "bed", "replays")),
    *(("probes", key) for key in ("function", "others", "contexts", "strengths")),
    *(("observation", key) for key in ("missed", "rating_error", "gamma_error", "bdnf_error")),
    *(("objective", key) for key in ("memory", "seizure", "burden", "refused", "dropout", "budget")),
]  # fmt: skip
WRONG = st.sampled_from([np.nan, np.inf, -np.inf, -1, "x", None, {}, object(), [np.nan], ["x"], [-1]])


@MANY
@given(part=st.sampled_from(PARTS), value=WRONG)
def test_a_field_of_a_scenario_is_named(part, value):
    """None of these values fits any of the fields."""
    name, key = part
    changed = value if key is None else load_scenario("Fear").model_dump(mode="json")[name] | {key: value}
    if name == "adversity_context" and value == -1:
        return
    with pytest.raises(ScenarioError, match=name):
        load_scenario("Fear", **{name: changed})


@MANY
@given(name=st.sampled_from(("state.clock", "record.time", "seeds", "events", "rated")), value=JUNK)
def test_a_snapshot_of_junk_is_refused(vector, name, value):
    env, _ = vector
    good, before = env.snapshot(), kept(env.batch)
    own = good.named[name]
    junk = value if isinstance(value, np.ndarray) else np.zeros((2, 3, 4))
    if junk.shape == own.shape and junk.dtype == own.dtype:
        return
    with pytest.raises(SnapshotError, match=name.split(".")[-1]):
        env.restore(Snapshot(good.about, good.named | {name: junk}))
    with pytest.raises(SnapshotError):
        env.restore(Snapshot(good.about | {"rows": 3}, good.named))
    assert kept(env.batch) == before
