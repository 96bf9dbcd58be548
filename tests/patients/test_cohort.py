import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plastenv.patients import cohort as module
from plastenv.patients.cohort import ADMISSION, Patients
from plastenv.patients.population import SPLITS
from tests.conftest import same


def test_patients_are_ill_and_were_well(cohort):
    assert (cohort.premorbid_function - cohort.untreated >= ADMISSION).all()
    assert cohort.premorbid_function.mean() > 0.8
    assert (cohort.sibling_function - cohort.untreated > 0.1).all()
    assert cohort.untreated.mean() >= 0.1  # room to get worse


def test_the_untreated_course_stays_where_it_is(cohort):
    gap = cohort.premorbid_function - cohort.untreated
    drift = np.abs(cohort.course[:, :, -1].mean(1) - cohort.course[:, :, 0].mean(1)) / gap
    assert drift.mean() < 0.1


def test_lives_differ_between_seeds(cohort):
    assert (np.ptp(cohort.course[:, :, -1], axis=1) > 0).any()


def test_no_ceiling_holds_the_weights(fear, cohort):
    limit = fear.molecular.consolidation.late_max
    assert (cohort.patient.circuit.late > 0.99 * limit).mean() <= 1e-3
    assert (cohort.patient.circuit.late.sum(1) < 0.9 * fear.molecular.consolidation.resource).all()


def test_a_cached_cohort_is_the_same_patients(easy, cohort):
    assert same(Patients(easy.recipe, "train").take(range(8)), cohort)


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_cache_is_rebuilt_with_a_warning(easy, cohort, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("PLASTENV_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_develop_block", lambda *_: cohort)
    patients = Patients(easy.recipe, "train")
    patients.take([0])
    path = patients._path(0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with pytest.warns(UserWarning, match="developed anew"):
        again = Patients(easy.recipe, "train").take([0])
    assert path.stat().st_size == len(content) and same(again, Patients(easy.recipe, "train").take([0]))
    assert not list(tmp_path.rglob("*.part"))


def test_threads_read_a_cached_cohort_one_after_the_other(easy, cohort, monkeypatch):
    reading, load = [], np.load

    def alone(*given, **options):
        reading.append(threading.get_ident())
        time.sleep(0.05)  # enough for another thread to come in
        assert reading[-1] == threading.get_ident()
        return load(*given, **options)

    monkeypatch.setattr(module.np, "load", alone)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: Patients(easy.recipe, "train").take(range(8)), range(4)))
    assert len(set(reading)) > 1 and all(same(patients, cohort) for patients in taken)


def test_splits_share_no_patient(easy):
    keys = {split: {easy.recipe.population.key(split, k) for k in range(2000)} for split in SPLITS}
    assert len(set().union(*keys.values())) == sum(len(own) for own in keys.values())


def test_unknown_split_and_patient_are_refused(easy):
    with pytest.raises(ValueError, match="unknown split 'tests'"):
        Patients(easy.recipe, "tests")
    with pytest.raises(IndexError, match="patient 128 is not in split 'test'"):
        Patients(easy.recipe, "test").take([128])


def test_different_parameters_are_a_different_cohort(fear, easy):
    assert fear.recipe.hash != easy.recipe.hash and fear.recipe.hash == fear.recipe.hash
