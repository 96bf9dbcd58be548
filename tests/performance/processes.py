"""What shows from outside a process: start-up, memory, the command line, and other environments beside ours."""

import gc
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from functools import partial

import gymnasium
from harness import CORES, Effort, Measurement, Sample, SkippedError, alone, kernel_says, on
from patients import environment, mixture, task, treat

from plastenv import arrays
from plastenv.envs.batch import PatientBatch
from plastenv.patients.cohort import Patients

START = """
import time
begun = time.perf_counter()
import gymnasium
between = time.perf_counter()
import plastenv
imported = time.perf_counter()
env = gymnasium.make("plastenv/Fear-v0")
env.reset(seed=0, options={"patient": 0})
env.step(0)
print(between - begun, imported - between, time.perf_counter() - begun)
"""
COMPARE = "from plastenv.cli import app; app()"
PEERS = ("CartPole-v1", "icu_sepsis:Sepsis/ICU-Sepsis-v2")  # the module before the colon is imported where installed
PEER_STEPS = 20_000
MIB = 1 << 20


def start(**variables: str) -> Sample:
    """Start Python, import plastenv, make an environment, reset it and step once; seconds."""
    done = subprocess.run(
        [sys.executable, "-c", START], env=os.environ | variables, check=True, capture_output=True, text=True
    )
    gymnasium_seconds, plastenv_seconds, seconds = map(float, done.stdout.split())
    return {
        "to_first_step_seconds": seconds,
        "import_gymnasium_seconds": gymnasium_seconds,
        "import_plastenv_seconds": plastenv_seconds,
    }


def start_cold() -> Sample:
    """Start without compiled kernels; the patients are on disk."""
    with tempfile.TemporaryDirectory() as folder:
        return start(NUMBA_CACHE_DIR=folder)


def resident() -> float:
    """Return the memory that this process holds now, MiB."""
    return kernel_says("self/status", "VmRSS") / MIB


def peak(rows: int) -> Sample:
    """Let `rows` patients live a short course; return the peak of memory and what their state takes, MiB."""
    env = environment(64, rows, brief=True)
    treat(env, mixture, 0)
    held = sum(array.nbytes for array in arrays.flatten(env.unwrapped.batch.state).values())
    return {"peak": kernel_says("self/status", "VmHWM") / MIB, "state": held / MIB}


def per_patient(few: int, many: int) -> Sample:
    """Return KiB per patient: of the state, and by how much the peak of memory rises with another patient."""
    less, more = alone(peak, few), alone(peak, many)
    return {
        "state_kib": 1024 * more["state"] / many,
        "peak_kib": 1024 * (more["peak"] - less["peak"]) / (many - few),
    }


def stepping(steps: int) -> Sample:
    """Return by how many MiB memory grows over `steps` steps of one environment, after two episodes."""
    env = gymnasium.make("plastenv/Fear-v0")
    batch: PatientBatch = env.unwrapped.batch  # type: ignore[attr-defined]

    def live(number: int) -> None:
        _, info = env.reset(options={"patient": 0})
        for day in range(number):
            _, _, ended, _, info = env.step(mixture(batch, info["action_mask"][None], day)[0])
            if ended:
                _, info = env.reset(options={"patient": day % batch.patients.size})

    live(2 * task().horizon_days)
    gc.collect()
    before = resident()
    live(steps)
    gc.collect()
    return {"grown_mib": resident() - before, "steps": steps}


def opening(cycles: int) -> Sample:
    """Return by how many MiB memory grows over `cycles` of making, using and closing an environment, after ten."""

    def use(number: int) -> None:
        for _ in range(number):
            env = gymnasium.make("plastenv/Fear-v0")
            env.reset(seed=0, options={"patient": 0})
            env.step(0)
            env.close()

    use(10)
    gc.collect()
    before = resident()
    use(cycles)
    gc.collect()
    return {"grown_mib": resident() - before, "cycles": cycles}


def compare(patients: int) -> Sample:
    """Return the wall-clock seconds of `plastenv compare` over the whole library, with patients on disk."""
    if Patients(task().recipe, "test").missing(patients):
        _compare(patients)  # grows them
    begun = time.perf_counter()
    _compare(patients)
    return {"seconds": time.perf_counter() - begun, "patients": patients}


def _compare(patients: int) -> None:
    with tempfile.TemporaryDirectory() as folder, on(CORES):
        command = [sys.executable, "-c", COMPARE, "compare", "--patients", str(patients), "--out", folder]
        subprocess.run(command, check=True, capture_output=True)


def peer(name: str) -> Sample:
    """Return steps per CPU-second of another environment under random actions, resets included."""
    module = name.partition(":")[0] if ":" in name else ""
    if module and importlib.util.find_spec(module) is None:
        raise SkippedError("not installed")
    env = gymnasium.make(name)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(PEER_STEPS)]
    begun = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return {"steps_per_cpu_second": PEER_STEPS / (time.process_time() - begun)}


def measurements(effort: Effort) -> list[Measurement]:
    """Return what there is to measure of processes: sections 'peers', 'start', 'memory' and 'compare'."""
    found = [Measurement("peers", name, partial(peer, name), effort.repeats) for name in PEERS]
    found.append(Measurement("start", "warm", start, effort.repeats))
    if effort.cold:
        found.append(Measurement("start", "cold", start_cold))
    few, many = max(effort.batches), max(effort.large)
    found += [
        Measurement("memory", "per patient", partial(per_patient, few, many)),
        Measurement("memory", "steps", partial(alone, stepping, effort.steps)),
        Measurement("memory", "making and closing", partial(alone, opening, effort.cycles)),
        Measurement("compare", "whole library", partial(compare, effort.patients)),
    ]
    return found
