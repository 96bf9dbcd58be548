"""The objective: durably restored function, less harm and burden, in points of the score.

    R = (F - U) / (P - U);   score = 100 R(follow-up) - harm - burden
    r_t = R_{t+1} - R_t - (burden_t + refused_t) / 100, and the last step uses R at follow-up and pays the harm

so the undiscounted return is score / 100 - R(start). F is function now, P premorbid function, U the patient's
mean untreated function at follow-up. Harm is measured by probes (other memories lost against the untreated
course, the mean of what is lost when treatment ends and what is still lost at follow-up) and counted (seizures).
"""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from plastenv.patients.cohort import References
from plastenv.scenarios.scenario import ObjectivePart


class RewardTerms(NamedTuple):
    """Terms that add up to the reward of a step, (patients,) each, in units of 100 points."""

    function: np.ndarray  # gain of restored function
    harm: np.ndarray  # paid at follow-up, <= 0
    burden: np.ndarray  # of what was given, <= 0
    refused: np.ndarray  # of what was asked for and not allowed, <= 0


def reward_space(kind: str) -> spaces.Box:
    """Return the space of a reward: a number, or for `vector` its terms, as MO-Gymnasium has it."""
    if kind != "vector":
        return spaces.Box(-np.inf, np.inf, (), np.float64)
    gains = np.array([np.inf if name == "function" else 0.0 for name in RewardTerms._fields])
    return spaces.Box(-np.inf, gains, dtype=np.float64)


def restored(function: np.ndarray, reference: References) -> np.ndarray:
    """Return R, the share of lost function that is restored, (patients,); 0 = natural course, 1 = premorbid."""
    return (function - reference.untreated) / (reference.premorbid - reference.untreated)


def harm(
    end: np.ndarray, followup: np.ndarray, seizures: np.ndarray, reference: References, weights: ObjectivePart
) -> np.ndarray:
    """Return harm in points, (patients,): other memories lost, and seizures.

    `end` and `followup` are the clarity of other memories when treatment ends and at follow-up: what comes back in
    between was lost to the patient for a while.
    """
    lost = np.maximum(0.0, reference.memories - end) + np.maximum(0.0, reference.memories - followup)
    return weights.memory * 50.0 * lost + weights.seizure * seizures
