"""What clinicians ask of a schedule: who responds, who stays well, how many have to be treated, whom it suits.

Response and remission are shares of lost function restored (rollout.RESPONSE, rollout.REMISSION). Who relapses had
responded when treatment ended and no longer does at follow-up. The number needed to treat is the reciprocal of the
gain in patients who respond at follow-up; there is one only where the interval of the gain leaves out zero.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from plastenv.envs.batch import PatientBatch
from plastenv.envs.observations import channels
from plastenv.evaluation.rollout import REMISSION, RESPONSE, Outcome
from plastenv.evaluation.statistics import contrast, gain, share
from plastenv.scenarios.scenario import Scenario

LEAST = 8  # patients of a half; fewer say nothing of a difference


class Observable(NamedTuple):
    """What the clinic sees of every patient before the first day."""

    name: str
    unit: str
    values: np.ndarray  # (patients,)


def observables(scenario: Scenario, split: str, patients: Sequence[int], seed: int) -> list[Observable]:
    """Return what a first visit with biomarkers shows of patients who live `seed` and on, errors of rating included."""
    batch = PatientBatch(scenario, len(patients), patients=split, observe="biomarkers")
    seen = batch.reset([seed + k for k in range(len(patients))], [0] * len(patients), patients=patients)
    found = zip(channels(scenario, "biomarkers"), seen.T, strict=True)
    return [Observable(channel.name, channel.unit, values) for channel, values in found if np.ptp(values) > 0.0]


def rates(outcome: Outcome) -> dict[str, Any]:
    """Return shares of patients who respond, remit and relapse, the last of `relapse_of` who had responded."""
    responded = outcome.restored_end >= RESPONSE
    return {
        "response_end": share(responded)._asdict(),
        "response_followup": share(outcome.restored_followup >= RESPONSE)._asdict(),
        "remission_end": share(outcome.restored_end >= REMISSION)._asdict(),
        "remission_followup": share(outcome.restored_followup >= REMISSION)._asdict(),
        "relapse": float(np.mean(outcome.restored_followup[responded] < RESPONSE)) if responded.any() else None,
        "relapse_of": int(responded.sum()),
    }


def needed(outcome: Outcome, other: Outcome) -> dict[str, Any]:
    """Return the gain in patients who respond at follow-up over `other`, and how many have to be treated for one more.

    Where it is negative, so many are treated until one more no longer responds.
    """
    more = gain(outcome.restored_followup >= RESPONSE, other.restored_followup >= RESPONSE)
    return {"gain": more._asdict(), "number": 1.0 / more.mean if more.low * more.high > 0.0 else None}


def halves(outcome: Outcome, seen: Sequence[Observable], seed: int) -> list[dict[str, Any]]:
    """Split patients at the median of each observable; return by how much the upper half is restored more.

    The difference is one of shares of lost function restored at follow-up. Without `LEAST` patients in each half an
    observable is left out.
    """
    found = []
    for observable in seen:
        median = float(np.median(observable.values))
        upper = observable.values > median
        if LEAST <= upper.sum() <= len(upper) - LEAST:
            restored = outcome.restored_followup
            difference = contrast(restored[upper], restored[~upper], seed)
            found.append({"observable": observable.name, "median": median, "difference": difference._asdict()})
    return found
