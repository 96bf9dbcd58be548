"""Which studies name or manipulate a mechanism, so that their fall without it shows nothing new.

A study names a mechanism if it says that it speaks to the mechanism's row of the physics table, or to that of one of
its parts. It manipulates it if an arm holds, bathes, doses or brings an action on it (`ACTED_ON`, `BROUGHT`) or grew
up unlike an adult in what it needs (`GROWN`), or if arms differ in the steps by which it is worked (`WORKED`). A
mechanism is load-bearing if a study falls without it that does neither.
"""

from plastenv.lab import steps
from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.experiment import Experiment
from plastenv.lab.tables import ACTION_NAMES
from plastenv.molecular.pharmacology import COMPOUND_INDEX, COMPOUNDS

EXPERIENCE = ("condition", "retrieve", "extinguish", "shock", "teach")
ACTED_ON: dict[str, tuple[str, ...]] = {  # actions on a mechanism besides those that are inert without it
    "neuromodulation": ("gain",),
    "hebbian": ("nmda-block",),
    "scaling": ("spike-block", "inhibition-block"),
    "threshold": ("spike-block",),
    "inhibition": ("net-digestion",),
    "inhibition-timing": ("inhibition-boost", "inhibition-block", "net-digestion"),
    "late": ("synthesis-block", "transcription-block"),
    "bdnf": ("stress",),
    "critical-period": ("nogo-relief", "inhibition-boost", "inhibition-block"),
    "methylation": ("stress",),
    "reconsolidation": ("synthesis-block",),
}
BROUGHT: dict[str, tuple[str, ...]] = {  # actions that a step has by itself
    "direct-current": ("gain",),
    "lesion": ("nogo-relief", "trkb"),
    "sleep": ("sleep",),
}
WORKED: dict[str, tuple[str, ...]] = {  # steps, or options of them, that work it where they are not alike
    "neuromodulation": ("teach.release", "stimulate"),
    "timing": ("pair.lag",),
    "content": EXPERIENCE,
    "reconsolidation": ("retrieve",),
    "arousal": ("condition", "shock"),
    "sleep": ("sleep",),
}
GROWN = {"critical-period": "age", "threshold": "rearing", "scaling": "rearing"}  # a preparation's keys
USUAL: tuple[object, ...] = ("adult", ())  # values of these keys


def mentions(experiment: Experiment, name: str) -> bool:
    """Say whether `experiment` names or manipulates the mechanism `name`."""
    own = {name, *MECHANISMS[name].parts}
    if any(MECHANISMS[part].row in experiment.rows for part in own):
        return True
    inert = {action for part in own for action in MECHANISMS[part].inert}
    if not _actions(experiment).isdisjoint(inert.union(*(ACTED_ON.get(part, ()) for part in own))):
        return True
    keys = {GROWN[part] for part in own if part in GROWN}
    if any(getattr(experiment.prepared(arm), key, ()) not in USUAL for arm in experiment.arms for key in keys):
        return True
    return any(_differ(experiment, what) for part in own for what in WORKED.get(part, ()))


def _actions(experiment: Experiment) -> set[str]:
    """Return every action that some arm holds, bathes, doses or brings with a step."""
    found: set[str] = set()
    for name, arm in experiment.arms.items():
        preparation = experiment.prepared(name)
        found |= set(preparation.clamps)
        if isinstance(preparation, steps.Map) and preparation.history is not None:
            found |= set(BROUGHT["lesion"])
        for step in arm.schedule:
            found |= set(BROUGHT.get(step.do, ()))
            if isinstance(step, steps.Bath):
                found.add(step.action)
            if isinstance(step, steps.Dose) and step.compound != "none" and step.dose > 0:
                found |= {ACTION_NAMES[action.target] for action in COMPOUNDS[COMPOUND_INDEX[step.compound]].actions}
    return found


def _differ(experiment: Experiment, what: str) -> bool:
    """Say whether the steps `what` are not the same in all arms, or all of them in the option of "step.option"."""
    do, _, option = what.partition(".")
    done = [[step for step in arm.schedule if step.do == do] for arm in experiment.arms.values()]
    if option:
        return len({getattr(step, option) for own in done for step in own}) > 1
    return len({tuple(step.model_dump_json(exclude={"mark"}) for step in own) for own in done}) > 1
