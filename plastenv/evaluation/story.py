"""One patient's story in words.

Every statement is a function of what was given, of the patient's own trace, seen hourly and probed at midnights, and
of what came of it; none knows the schedule's name or purpose. Days count from 1, as in schedule files.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from plastenv.envs.batch import ENDINGS
from plastenv.evaluation.case import OPEN, Case, Span, day_of, spans
from plastenv.evaluation.rollout import RESPONSE
from plastenv.evaluation.trace import STAGES, cues, drugs
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, Administration
from plastenv.therapy.protocol import ranges

IN_BLOOD = 0.1  # study doses
NOTHING = 0.05  # share of what adversity took, restored or lost besides, that counts as none
MOVED = 0.05  # a brake or a growth factor that has moved by less stays where it was
TAGGED = 0.2  # mean tag after a session below which it has hardly tagged anything
FORMED = 0.15  # relative growth of late weights that makes a trace; everyday life moves them by less
UNWON = 0.25  # symptoms of a cue beyond its capture, from which its own memory wins weakly or not at all
FAINT = 0.005  # level of proteins below which none are seen
KEPT = 0.05  # relative change of structure, which everyday life hardly moves, that makes a lasting one
NOUNS = {"drug": "dose", "stimulation": "session", "training": "session", "environment": "day"}
FEW = 5  # ranges of days that are listed


class Statement(NamedTuple):
    """One thing that is told, and the numbers that it tells of."""

    topic: str
    text: str
    values: dict[str, Any]


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does: 'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def days(numbers: Sequence[int]) -> str:
    """Name days: 'day 3', 'days 3–5 and 8', or, where the ranges are many, '7 days from 3 to 20'."""
    each = sorted(set(numbers))
    runs = ranges(each)
    if len(each) == 1:
        return f"day {each[0]}"
    if len(runs) > FEW:
        return f"{len(each)} days from {each[0]} to {each[-1]}"
    return f"days {listed([str(a) if a == b else f'{a}–{b}' for a, b in runs])}"


def span_days(found: Sequence[Span]) -> str:
    """Name the days that spans of time touch."""
    return days([day for start, stop in found for day in range(day_of(start), day_of(max(start, stop - 1)) + 1)])


def number(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign, and never as minus nought."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def percent(share: float, signed: bool = False) -> str:
    """Write a share as whole percent, on one line."""
    whole = round(100.0 * share)
    return f"{'+' if signed and whole > 0 else ''}{whole}\u00a0%".replace("-", "−")


def times(many: int, noun: str) -> str:
    """Write '1 dose', '4 doses'."""
    return f"{many} {noun}{'' if many == 1 else 's'}"


def _captured(case: Case, row: int) -> tuple[str, dict[str, float]]:
    """Say which cues are captured at one row of the trace, and which make symptoms though they are not."""
    capture, symptoms = case.trace.cue_capture[row, 0], case.trace.cue_symptoms[row, 0]
    names = cues(case.scenario)
    caught = [f"{percent(c)} of {name}" for name, c in zip(names, capture, strict=True) if c > 0.0]
    free = [name for name, c in zip(names, capture, strict=True) if c == 0.0]
    unwon = [f"{name} ({number(s - c)})" for name, c, s in zip(names, capture, symptoms, strict=True) if s - c >= UNWON]
    text = f"the fear memory captures {listed(caught) + ' (shares of probes)' if caught else 'no cue'}"
    text += f"; {listed(free)} {'is' if len(free) == 1 else 'are'} free" if caught and free else ""
    if unwon:
        text += f"; neither memory wins clearly, which makes symptoms, for {listed(unwon)}"
    return text, dict(zip(names, capture.tolist(), strict=True))


def _before(case: Case) -> Statement:
    trace = case.trace
    symptoms, premorbid = float(trace.symptoms[0, 0]), float(trace.premorbid[0])
    text, capture = _captured(case, 0)
    text = f"Symptoms are {number(symptoms)} (0 = none, 1 = worst; {number(premorbid)} before adversity): {text}."
    return Statement("before", text, {"symptoms": symptoms, "premorbid": premorbid, "capture": capture})


def _given(case: Case) -> Statement:
    by_name: dict[str, list[Administration]] = {}
    for item in case.given:
        by_name.setdefault(item.intervention, []).append(item)
    parts = [
        f"{times(len(items), NOUNS[BY_NAME[name].kind])} of {name} on {days([day_of(item.time) for item in items])}"
        for name, items in by_name.items()
    ]
    text = f"Given: {listed(parts)}." if parts else "Nothing was given."
    left_out = len(case.planned) - len(case.given)
    if case.ended < case.scenario.end:
        ending = ENDINGS[int(case.trace.ending[0])]
        text += (
            f" Treatment ended after day {case.ended // DAY} by {ending}; {times(left_out, 'planned administration')} "
        )
        text += f"{'was' if left_out == 1 else 'were'} no longer given."
    return Statement("treatment", text, {name: len(items) for name, items in by_name.items()} | {"fell away": left_out})


def _levels(case: Case) -> Statement | None:
    parts, values = [], {}
    for k, name in enumerate(drugs(case.scenario)):
        level = case.trace.plasma[:, 0, k]
        found, peak = spans(level >= IN_BLOOD, case.trace.time), int(level.argmax())
        if found:
            when = day_of(case.trace.time[peak])
            parts.append(f"{name} on {span_days(found)}, at most {number(level[peak])} study doses on day {when}")
            values[name] = {"peak": float(level[peak]), "day": when}
    return Statement("in the blood", f"Plasma held {'; '.join(parts)}.", values) if parts else None


def _window(case: Case) -> Statement:
    nogo, found = case.trace.nogo[:, 0], case.windows
    lowest = int(nogo.argmin())
    open_days = sum(stop - start for start, stop in found) / DAY
    values = {"days": open_days, "lowest": float(nogo[lowest]), "spans": [[a / DAY, b / DAY] for a, b in found]}
    if not found:
        text = (
            f"The window never opened: Nogo-A signalling stayed at {number(nogo[lowest])} or above, and structural "
            f"plasticity below {percent(OPEN)} of its full rate."
        )
        return Statement("window", text, values)
    still = found[-1].stop >= case.trace.time[-1]
    ends = "was still open at follow-up" if still else f"closed on day {day_of(found[-1].stop)}"
    if len(found) == 1:
        text = f"The window opened on day {day_of(found[0].start)} and {ends}"
    else:
        text = f"The window opened first on day {day_of(found[0].start)}, {len(found)} times in all, and {ends}"
    text += (
        f", open for {times(round(open_days), 'day')} in sum: Nogo-A signalling fell from {number(nogo[0])} to "
        f"{number(nogo[lowest])} on day {day_of(case.trace.time[lowest])}, and structural plasticity ran at up to "
        f"{percent(float(case.opening.max()))} of its full rate."
    )
    return Statement("window", text, values)


def _brake(case: Case, name: str, subject: str) -> Statement:
    level, time = getattr(case.trace, name)[:, 0], case.trace.time
    furthest = int(np.abs(level - level[0]).argmax())
    before, there, later = float(level[0]), float(level[furthest]), float(level[-1])
    values = {"before": before, "extreme": there, "day": day_of(time[furthest]), "follow-up": later}
    if abs(there - before) < MOVED:
        return Statement(name, f"{subject} stayed at {number(before)}.", values)
    verb = "rose" if there > before else "fell"
    text = f"{subject} {verb} from {number(before)} to {number(there)} (day {values['day']})"
    return Statement(name, f"{text}; at follow-up {number(later)}.", values)


def _training(case: Case) -> Statement:
    inside = [item for item in case.training if case.opening[case.at(item.time)] >= OPEN]
    outside = [item for item in case.training if item not in inside]
    values = {"sessions": len(case.training), "inside": len(inside)}
    if not case.training:
        text = "There was no training" + ("; only everyday life could use the window." if case.windows else ".")
    elif not outside:
        text = f"Training on {_on(case.training)} fell inside the window."
    elif not inside:
        text = f"Training on {_on(case.training)} {'fell outside the' if case.windows else 'met no open'} window."
    else:
        text = f"Training on {_on(inside)} fell inside the window, on {_on(outside)} outside."
    return Statement("training", text, values)


def _on(items: Sequence[Administration]) -> str:
    return days([day_of(item.time) for item in items])


def _tags(case: Case) -> Statement:
    own, captor = case.trace.tag_own[:, 0].mean(1), case.trace.tag_captor[:, 0].mean(1)
    if not case.training:
        during = own[: case.at(case.ended) + 1]
        usual = float(during.mean())
        text = f"Everyday life tagged the cues' synapses onto their own memories, by {number(usual)} on average."
        return Statement("tags", text, {"own": usual})
    rows = [min(case.at(item.time + item.seconds + HOUR - 1), len(own) - 1) for item in case.training]
    left, feared = own[rows], captor[rows]
    few = [item for item, tag in zip(case.training, left, strict=True) if tag < TAGGED]
    text = (
        f"Training left a mean tag of {number(left.mean())} on the cues' synapses onto their own memories, and of "
        f"{number(feared.mean())} on those onto the fear memory (0 = none, 1 = all)."
    )
    if few:
        text += f" {times(len(few), 'session')}, on {_on(few)}, hardly left any on the former."
    values = {"own": float(left.mean()), "captor": float(feared.mean()), "hardly": len(few)}
    return Statement("tags", text, values)


def _proteins(case: Case) -> Statement:
    end, values, parts = case.at(case.ended) + 1, {}, []
    for name, whose in (("own", "the own memories"), ("captor", "the fear memory")):
        level = getattr(case.trace, f"protein_{name}")[:, 0].reshape(len(case.trace.time), -1).mean(1)
        told = []
        for when, first, last in (("in treatment", 0, end), ("later", end, len(level))):
            best = first + int(level[first:last].argmax())
            peak, time = float(level[best]), int(case.trace.time[best])
            values[f"{name}, {when}"] = {"peak": peak, "day": day_of(time)}
            seen = f"{number(peak)} on day {day_of(time)} at {time // HOUR % 24}:00"
            told.append(f"{when} {seen if peak >= FAINT else 'hardly any'}")
        parts.append(f"in {whose}, {listed(told)}")
    return Statement("proteins", f"Highest levels of proteins {'; '.join(parts)}.", values)


def _course(case: Case, name: str) -> tuple[float, float, float, float, int]:
    """Return a weight, mean over cues, before, at its highest in treatment, at its end and later, and that day."""
    weight, end = getattr(case.trace, name)[:, 0].mean(1), case.at(case.ended)
    highest = int(weight[: end + 1].argmax())
    return (
        float(weight[0]),
        float(weight[highest]),
        float(weight[end]),
        float(weight[-1]),
        day_of(case.trace.time[highest]),
    )


def _safety(case: Case) -> Statement:
    before, highest, end, later, when = _course(case, "late_own")
    first, _, _, last, _ = _course(case, "structure_own")
    grown, kept = highest / before - 1.0, last / first - 1.0
    late = f"late weights of the cues' synapses onto their own memories went from {number(before, 3)}"
    structure = (
        f"structure, to which they return, went from {number(first, 3)} to {number(last, 3)} ({percent(kept, True)})"
    )
    if kept >= KEPT:
        head = "The safety trace was consolidated"
    elif kept <= -KEPT:
        head = "The safety trace was worn down"
    elif grown >= FORMED:
        head = "A safety trace was formed and not consolidated"
    else:
        head = "No safety trace was formed"
    text = (
        f"{head}: {late} to {number(end, 3)} at the end of treatment (highest on day {when}, {number(highest, 3)}) and "
        f"{number(later, 3)} at follow-up; {structure}."
    )
    values = {"before": before, "highest": highest, "end": end, "follow-up": later, "structure": [first, last]}
    return Statement("safety trace", text, values)


def _fear(case: Case) -> Statement:
    before, _, end, later, _ = _course(case, "late_captor")
    change = later / before - 1.0
    head = "kept" if abs(change) < KEPT else "weakened" if change < 0.0 else "strengthened"
    text = (
        f"The fear trace was {head}: late weights of the cues' synapses onto the fear memory went from "
        f"{number(before, 3)} to {number(end, 3)} at the end of treatment and {number(later, 3)} at follow-up "
        f"({percent(change, True)})."
    )
    return Statement("fear trace", text, {"before": before, "end": end, "follow-up": later})


def _balance(case: Case) -> Statement:
    ratio = case.trace.late_own[:, 0] / case.trace.late_captor[:, 0]
    first, last = ratio[0], ratio[-1]
    least = int(last.argmin())
    name = cues(case.scenario)[least]
    text = (
        f"A cue's synapses onto its own memory were {number(first.mean(), 1)} times as strong as those onto the fear "
        f"memory before treatment and {number(last.mean(), 1)} times at follow-up, least for {name} "
        f"({number(first[least], 1)}, then {number(last[least], 1)})."
    )
    return Statement("balance", text, {"before": first.tolist(), "follow-up": last.tolist(), "least": name})


def _basin(case: Case) -> Statement:
    before, end, later = (float(case.trace.depth[STAGES.index(stage), 0]) for stage in STAGES)
    text = (
        "The push that a cue needs until its own memory answers (basin depth, 0 to 1, mean over cues) was "
        f"{number(before, 3)} before treatment, {number(end, 3)} at its end and {number(later, 3)} at follow-up."
    )
    return Statement("basin", text, {"before": before, "end": end, "follow-up": later})


def _end(case: Case) -> Statement:
    row = case.at(case.ended)
    text, capture = _captured(case, row)
    symptoms = float(case.trace.symptoms[row, 0])
    text = f"After day {case.ended // DAY} symptoms are {number(symptoms)}: {text}."
    return Statement("end", text, {"symptoms": symptoms, "capture": capture})


def _challenge(case: Case) -> Statement:
    first = case.scenario.challenge[0].time // DAY * DAY
    before, after = (float(case.trace.symptoms[case.at(first + k * DAY), 0]) for k in (0, 1))
    change = "left symptoms at" if abs(after - before) < 0.005 else f"took symptoms from {number(before)} to"
    text = f"The reinstatement challenge on day {day_of(first)} {change} {number(after)}."
    return Statement("challenge", text, {"before": before, "after": after})


def _followup(case: Case) -> Statement:
    text, capture = _captured(case, -1)
    symptoms, untreated = float(case.trace.symptoms[-1, 0]), float(case.trace.untreated[0])
    day = case.trace.time[-1] // DAY
    text = f"On day {day} symptoms are {number(symptoms)} ({number(untreated)} on the untreated course): {text}."
    return Statement("follow-up", text, {"symptoms": symptoms, "untreated": untreated, "capture": capture})


def _score(case: Case) -> Statement:
    values = {
        name: float(getattr(case.outcome, name)[0])
        for name in ("score", "restored_end", "restored_followup", "harm", "burden", "memories", "seizures")
    }
    restored, later = values["restored_end"], values["restored_followup"]
    if restored >= RESPONSE and later >= RESPONSE:
        lasting = "At least half of what adversity took was restored and has lasted."
    elif restored >= RESPONSE:
        lasting = "At least half of what adversity took was restored, and lost again: a relapse."
    elif later >= RESPONSE:
        lasting = "Less than half of what adversity took was restored when treatment ended, more by follow-up."
    elif later >= NOTHING:
        lasting = "Less than half of what adversity took was restored."
    elif later > -NOTHING:
        lasting = "Nothing of what adversity took was restored in the end."
    else:
        lasting = "In the end the patient is worse off than on the untreated course."
    text = (
        f"{number(values['score'], 1)} = {number(100.0 * later, 1)} restored − {number(values['harm'], 1)} harm − "
        f"{number(values['burden'], 1)} burden. {lasting}"
    )
    if values["harm"] >= 0.05:
        fits = case.scenario.objective.seizure * values["seizures"]
        text += f" Harm: {number(values['harm'] - fits, 1)} for other memories that were lost when treatment ended or "
        text += f"are still lost at follow-up (clarity at follow-up {number(values['memories'])} of 1)"
        text += f", {number(fits, 1)} for {times(int(values['seizures']), 'seizure')}." if fits else "."
    return Statement("score", text, values)


STATEMENTS: tuple[Callable[[Case], Statement | None], ...] = (
    _before,
    _given,
    _levels,
    _window,
    lambda case: _brake(case, "nets", "Perineuronal nets"),
    lambda case: _brake(case, "acetylation", "Acetylation"),
    lambda case: _brake(case, "bdnf", "BDNF"),
    _training,
    _tags,
    _proteins,
    _safety,
    _fear,
    _balance,
    _basin,
    _end,
    _challenge,
    _followup,
    _score,
)


def tell(case: Case) -> list[Statement]:
    """Return what there is to tell of a case, in order of causes and time."""
    return [statement for teller in STATEMENTS if (statement := teller(case)) is not None]
