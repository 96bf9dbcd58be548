import copy
import subprocess
import sys
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RenderCollection

import plastenv  # noqa: F401 - registers the environments
from plastenv import arrays
from plastenv.envs.batch import PatientBatch
from plastenv.envs.render import frame, text
from plastenv.envs.scene import Scene
from plastenv.envs.single import PatientEnv
from plastenv.envs.viewer import Viewer
from plastenv.model.look import look
from plastenv.therapy.protocol import library
from tests.conftest import same

EASY = "plastenv/Fear-easy-v0"
SIZE = (600, 800, 3)


@pytest.fixture(scope="module")
def course(easy) -> list[Scene]:
    """Two days of a patient who is given an opener and training, and has more planned."""
    viewer = Viewer(PatientBatch(easy, 1), "ansi")
    viewer.batch.reset([0], [0], patients=[0])
    viewer.batch.prescribe([0], next(p for p in library() if p.name == "everything-at-maximum"))
    viewer.note()
    scenes = viewer.scenes("at once")
    for _ in range(2):
        viewer.note(viewer.batch.step([0]))
        scenes += viewer.scenes("at once")
    return scenes


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", ["rgb_array", "ansi"])
def test_gymnasium_checker_has_no_complaint_about_rendering(mode):
    check_env(gym.make(EASY, render_mode=mode).unwrapped)


def test_a_frame_shows_treatment_and_nothing_of_the_frame_before(course):
    viewer = Viewer(PatientBatch("Fear-easy", 1), "rgb_array")
    frames = [viewer.frame(scene) for scene in course]
    assert all(each.shape == SIZE and each.dtype == np.uint8 for each in frames)
    assert not np.array_equal(frames[0], frames[1]) and not np.array_equal(frames[1], frames[2])
    assert np.array_equal(viewer.frame(course[0]), frames[0])
    assert np.array_equal(frame(course[2]), frames[2])


def test_the_text_names_day_drug_and_levels(course):
    before, after = text(course[0]), text(course[2])
    assert "Fear-easy, day 0 of 14" in before and "Fear-easy, day 2 of 14" in after and "at once" in after
    opener = next(line for line in after.splitlines() if "rapid-opener" in line)
    assert f"{course[2].now.plasma[0]:.2f}" in opener and "█··░" in opener
    assert "█" not in next(line for line in before.splitlines() if "rapid-opener" in line)
    assert max(len(line) for line in after.splitlines()) <= 100


def test_a_scene_tells_where_cues_lead(course):
    answers = np.zeros_like(course[0].answers)
    answers[0, 0], answers[0, 1] = 0.8, 0.3
    answers[1, 1], answers[1, 7] = 0.5, 0.6
    answers[2, 7], answers[3, 5] = 0.9, 0.4
    scene = replace(course[0], answers=answers)
    assert [scene.leads(cue) for cue in range(5)] == [["own"], ["fear", "own"], ["fear"], ["memory-2"], ["nothing"]]
    assert scene.rates(0) == (0.0, 0.8, 0.3) and scene.rates(1) == (0.6, 0.5, 0.0)
    assert "fear + own" in text(scene) and "memory-2" in text(scene)


@pytest.mark.parametrize("mode", ["rgb_array", "ansi"])
def test_rendering_changes_nothing(mode):
    plain, seen = PatientEnv("Fear-easy"), PatientEnv("Fear-easy", render_mode=mode)
    for env in (plain, seen):
        env.reset(seed=3)
    for action in (2, 12):
        before = arrays.copy(seen.batch.state)
        first, second = seen.render(), seen.render()
        assert np.array_equal(first, second) and same(before, seen.batch.state)
        own, other = plain.step(action), seen.step(action)
        assert np.array_equal(own[0], other[0]) and own[1] == other[1]
        assert same(plain.batch.state, seen.batch.state)
    assert plain.render() is None


def test_looking_agrees_with_measuring_and_leaves_no_trace(easy, patients):
    before = arrays.copy(patients.premorbid)
    answers = look(patients.premorbid, easy.params, easy.read_outs)
    assert answers.shape == (4, 7, 8) and same(before, patients.premorbid)
    assert np.array_equal(answers[:, :6].argmax(2), np.tile(np.arange(6), (4, 1)))
    alone = look(arrays.take(patients.premorbid, [2]), easy.params, easy.read_outs)
    assert np.array_equal(alone[0], answers[2])


def test_frames_can_be_collected():
    env = RenderCollection(gym.make(EASY, render_mode="rgb_array"))
    env.reset(seed=0)
    for _ in range(3):
        env.step(0)
    frames = env.render()
    assert len(frames) == 4 and len({each.tobytes() for each in frames}) == 4


def test_a_vector_renders_every_row_through_autoreset():
    vector = gym.make_vec(EASY, num_envs=2, render_mode="ansi")
    single = gym.make(EASY, render_mode="ansi")
    vector.reset(seed=5)
    single.reset(seed=6)
    for _ in range(14):
        vector.step(np.zeros(2, np.int64))
        single.step(0)
    ended = vector.render()
    assert ended[1] == single.render() and all("day 14 of 14, over: horizon" in each for each in ended)
    assert "score" in ended[0]
    vector.step(np.zeros(2, np.int64))
    single.reset()
    assert vector.render()[1] == single.render()
    assert gym.make_vec(EASY, num_envs=1).render() is None


def test_an_environment_that_has_been_rendered_can_be_copied():
    env = PatientEnv("Fear-easy", render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    twin = copy.deepcopy(env)
    env.step(2)
    assert np.array_equal(twin.render(), first) and not np.array_equal(env.render(), first)


def test_a_course_follows_a_patient_who_is_set_back(easy):
    viewer = Viewer(PatientBatch(easy, 1), "ansi")
    viewer.batch.reset([0], [0], patients=[0])
    viewer.note()
    viewer.note(viewer.batch.step([0]))
    then = arrays.copy(viewer.batch.state)
    viewer.note(viewer.batch.step([0]))
    viewer.batch.state = then
    viewer.note()
    assert [moment.clock // 86400 for moment in viewer.scenes()[0].course] == [0, 1]


def test_wrong_calls_are_told_what_was_expected():
    with pytest.raises(ValueError, match="did you mean 'rgb_array'"):
        PatientEnv("Fear-easy", render_mode="rgb-array")
    with pytest.raises(RuntimeError, match="before reset"):
        PatientEnv("Fear-easy", render_mode="ansi").render()


def test_text_needs_no_drawing_library():
    code = (
        "import sys; from plastenv.envs.single import PatientEnv; from plastenv.envs.render import text;"
        "print('matplotlib' in sys.modules, 'PIL' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]
