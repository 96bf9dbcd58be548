"""Follows a batch of patients and shows each of them when asked to; touches nothing of theirs."""

from typing import Any

import numpy as np

from plastenv.envs.batch import ENDINGS, PatientBatch, Step
from plastenv.envs.render import frame, text
from plastenv.envs.scene import Moment, Scene
from plastenv.model.look import look
from plastenv.model.measure import measure
from plastenv.model.types import DAY
from plastenv.scenarios.objective import restored
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import nearest

MODES = ("rgb_array", "ansi")
FPS = 4  # frames a second at which a course is well watched


def cue_names(scenario: Scenario) -> tuple[str, ...]:
    """Name every cue: those that adversity hits as training targets them, other memories, and what is new."""
    probes = scenario.probes
    names = {cue: f"cue-{k}" for k, cue in enumerate(probes.function, 1)}
    names |= {cue: f"memory-{k}" for k, cue in enumerate(probes.others, 1)}
    return tuple(names.get(cue, "novel") for cue in range(scenario.anatomy.cues))


class Viewer:
    """Remembers the course of every row, look by look, and renders them."""

    def __init__(self, batch: PatientBatch, mode: str | None = None) -> None:
        """Raises ValueError for an unknown render mode."""
        if mode is not None and (not isinstance(mode, str) or mode not in MODES):
            raise ValueError(f"render_mode = {mode!r:.60}: {nearest(str(mode)[:60], MODES)}")
        self.batch, self.mode = batch, mode
        self._courses: list[list[Moment]] = [[] for _ in range(batch.rows)]
        self._results: list[dict[str, float]] = [{} for _ in range(batch.rows)]
        self._picture: Any = None  # drawn on again and again; see picture.py

    def __getstate__(self) -> dict[str, Any]:
        """Leave the canvas behind: it can be neither copied nor pickled, and a new one is soon made."""
        return self.__dict__ | {"_picture": None}

    def forget(self) -> None:
        """Forget what was seen of other patients."""
        self._courses = [[] for _ in self._courses]
        self._results = [{} for _ in self._results]

    def note(self, step: Step | None = None) -> None:
        """Remember how every row is now, after a reset or `step`; what lies ahead of a row's clock is forgotten."""
        if self.mode is None:
            return
        state, task, reference = self.batch.state, self.batch.scenario, self.batch.reference
        assert state is not None, "reset comes first"
        measured = measure(state, task.params, task.read_outs)
        lost = np.maximum(0.0, reference.memories - measured.memories)
        brakes = (measured.nets, measured.nogo, measured.acetylation, measured.bdnf)
        columns = (state.clock, 1.0 - measured.function, lost, *brakes, state.molecules.plasma.copy())
        for row, course in enumerate(self._courses):
            while course and course[-1].clock >= state.clock[row]:
                course.pop()
            course.append(Moment(*(each[row] for each in columns)))
            if not self.batch.ended[row]:
                self._results[row] = {}
            elif step is not None and step.terminated[row]:
                self._results[row] = step.followup.of(row)

    def scenes(self, note: str = "") -> list[Scene]:
        """Return what there is to see of every row now; `note` says what is played."""
        batch, task, state = self.batch, self.batch.scenario, self.batch.state
        if state is None:
            raise RuntimeError("nothing can be rendered before reset")
        anatomy, units = task.params.anatomy, task.anatomy.units
        inputs = np.concatenate([anatomy.cues, anatomy.contexts]) > 0.0
        answers = look(state, task.params, task.read_outs)
        share = restored(batch.measured.function, batch.reference)
        return [
            Scene(
                title=task.name,
                horizon=task.horizon_days,
                followup=task.followup // DAY,
                course=tuple(self._courses[row]),
                untreated=1.0 - float(batch.reference.untreated[row]),
                premorbid=1.0 - float(batch.reference.premorbid[row]),
                cues=cue_names(task),
                own=tuple(anatomy.cue_assembly.tolist()),
                captor=task.aversive,
                answers=answers[row],
                weights=state.circuit.early[row] + state.circuit.late[row],
                members=anatomy.assemblies > 0.0,
                axons=np.pad(inputs, ((0, 0), (units, 0))),
                given=tuple(sorted(batch.given(row), key=lambda given: given.time)),
                burden=float(batch.burden[row]),
                restored=float(share[row]),
                ending=ENDINGS[int(batch.ended[row])],
                results=self._results[row],
                note=note,
            )
            for row in range(batch.rows)
        ]

    def render(self) -> tuple[np.ndarray | str, ...]:
        """Return a frame, (600, 800, 3) uint8, or a text of every row."""
        return tuple(self.frame(scene) if self.mode == "rgb_array" else text(scene) for scene in self.scenes())

    def frame(self, scene: Scene) -> np.ndarray:
        """Draw a scene of this batch on the viewer's own canvas."""
        if self._picture is None:
            from plastenv.envs.picture import Picture

            self._picture = Picture()
        return frame(scene, self._picture)
