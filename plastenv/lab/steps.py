"""Preparations and the steps that can be done to them, as an experiment file writes them.

A step is a class with a `do`, the preparations that it suits and its options; to add one is to add a class and to
name it in `Step`. Times (`at`, `until`) count from t0, the moment to which read-outs relate.
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from plastenv.lab.units import (
    ActionName,
    CompoundName,
    Count,
    Cue,
    Cues,
    Duration,
    Few,
    Flag,
    Level,
    MisfitError,
    Number,
    Part,
    Positive,
    Time,
    Word,
)
from plastenv.therapy.protocol import nearest

Kind = Literal["slice", "network", "eyes", "map", "animal", "patient"]
Context = Literal["home", "outside", "clinic"]
Eye = Literal["open", "closed", "dark"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FEAR: tuple[Kind, ...] = ("animal", "patient")
MAP_TEACHING = {"minutes": 60.0, "every": "1 d"}  # the usual on a map


class _Preparation(Part):
    clamps: dict[ActionName, Level] = Field(
        {}, description="action -> level, 0 to 1, held from before t0 on: a genotype, a clamped or digested part"
    )


class Slice(_Preparation):
    """A slice or culture in which pathways are stimulated and their EPSP is recorded."""

    kind: Literal["slice"]
    tissue: Literal["hippocampus", "cortex", "culture"] = "hippocampus"
    age: Literal["juvenile", "adult"] = "adult"
    pathways: tuple[Word, ...] = Field(("S1",), min_length=1, description="independent inputs to the same cells")
    rearing: tuple[tuple[Literal["dark", "light"], Duration], ...] = Field(
        (), description="what the animal was reared in before t0, in order, and for how long"
    )


class Network(_Preparation):
    """A cultured network with spontaneous activity."""

    kind: Literal["network"]


class Eyes(_Preparation):
    """Two eyes that compete for binocular cells."""

    kind: Literal["eyes"]
    age: Literal["critical-period", "adult"] = "adult"


class Map(_Preparation):
    """A motor map that can be lesioned and re-trained."""

    kind: Literal["map"]
    history: Duration | None = Field(None, description="time since a lesion that lies before t0; none without it")


class Animal(_Preparation):
    """A healthy adult in the Fear circuit; cues 1 to 4 are known and neutral, cue 7 is novel."""

    kind: Literal["animal"]


class Patient(_Preparation):
    """A patient with a grown maladaptive attractor."""

    kind: Literal["patient"]
    scenario: Literal["Fear", "Fear-easy"] = "Fear"
    split: Literal["train", "validation", "test", "shift"] = "train"


Preparation = Annotated[Slice | Network | Eyes | Map | Animal | Patient, Field(discriminator="kind")]
PREPARATIONS: dict[str, type[Part]] = dict(zip(KINDS, (Slice, Network, Eyes, Map, Animal, Patient), strict=True))


class _Step(Part):
    kinds: ClassVar[tuple[Kind, ...]]  # the preparations that it suits
    at: Time = Field(description="when it starts, such as '20 min' after t0; '-2 d' is before it")
    mark: Word | None = Field(None, description="a name for its end, for read-outs that come `after` it")


class _Lasting(_Step):
    until: Time | None = Field(None, description="when it ends, counted from t0")

    @model_validator(mode="after")
    def _ends_later(self) -> "_Lasting":
        if self.until is not None and self.until <= self.at:
            raise MisfitError(("until",), "expected a time after `at`")
        return self


class _Repeated(_Lasting):
    every: Duration | None = Field(None, description="repeated at this interval, `until` a time; once without it")
    until: Time | None = Field(None, description="the last repetition starts before this time, counted from t0")

    @model_validator(mode="after")
    def _repeats(self) -> "_Repeated":
        if self.every is None and self.until is not None:
            raise MisfitError(("until",), "expected `every` beside it, the interval of repetition")
        if self.until is None and self.every is not None:
            raise MisfitError(("until",), "is missing; what is repeated needs a time at which that ends")
        return self


class Dose(_Repeated):
    """A compound with its kinetics; `none` is the vehicle."""

    kinds = KINDS
    do: Literal["dose"]
    compound: CompoundName = Field(description="what is given; 'none' is the vehicle")
    dose: Number = Field(1.0, ge=0, le=100, description="study doses, 1 = the standard dose of the studies cited")


class Bath(_Lasting):
    """An action that is there at once, at one level, until it is washed out."""

    kinds = KINDS
    do: Literal["bath"]
    action: ActionName = Field(description="the molecular target")
    level: Level = Field(1.0, description="of the action, 0 to 1")
    until: Time | None = Field(None, description="when it is washed out; stays to the end without it")


class _Afferent(_Step):
    kinds = ("slice",)
    pathway: Word = Field("S1", description="one of the preparation's pathways")


class Tetanus(_Afferent):
    """High-frequency trains."""

    do: Literal["tetanus"]
    rate: Positive = Field(100.0, le=500, description="Hz")
    seconds: Positive = Field(1.0, le=600, description="length of a train, s")
    trains: Few = 1
    interval: Duration = Field(
        600.0, description="between the starts of two trains", json_schema_extra={"default": "10 min"}
    )
    strength: Literal["strong", "weak"] = Field("strong", description="weak: too few fibres to fire the cell")


class ThetaBurst(_Afferent):
    """Bursts of 4 pulses at 100 Hz, 5 bursts per second."""

    do: Literal["theta-burst"]
    bursts: Count = 10
    strength: Literal["strong", "weak"] = Field("strong", description="weak: too few fibres to fire the cell")


class Pulses(_Afferent):
    """Single pulses at a low frequency."""

    do: Literal["pulses"]
    rate: Positive = Field(1.0, le=100, description="Hz")
    count: Count = 900


class Pair(_Afferent):
    """Presynaptic pulses paired with postsynaptic spikes, or with another pathway."""

    do: Literal["pair"]
    lag: Time = Field(
        0.010,
        description="post minus pre, such as '10 ms' or '-10 ms', at most 1 s",
        json_schema_extra={"default": "10 ms"},
    )
    rate: Positive = Field(1.0, le=100, description="pairings per second, Hz")
    count: Count = Field(60, description="pairings")
    spikes: Few = Field(1, description="postsynaptic spikes at 100 Hz per pairing")
    partner: Word | None = Field(
        None, alias="with", description="a pathway that fires the cell instead of a postsynaptic current"
    )
    uncaged: Flag = Field(
        False, description="glutamate is uncaged at the spines for at most 5 s: no axon releases neuromodulator with it"
    )
    release: Time | None = Field(
        None,
        description="uncaged: when a burst of neuromodulator comes, after the first pulse; '-1 s' is before it",
    )

    @model_validator(mode="after")
    def _near(self) -> "Pair":
        if abs(self.lag) > 1.0:
            raise MisfitError(("lag",), "expected a lag of at most 1 s")
        if self.partner == self.pathway:
            raise MisfitError(("with",), "expected another pathway than `pathway`")
        if self.release is not None and not self.uncaged:
            raise MisfitError(("release",), "expected `uncaged: true` beside it; volleys bring a release of their own")
        if self.release is not None and abs(self.release) > 10.0:
            raise MisfitError(("release",), "expected a release within 10 s")
        if self.uncaged and self.count > 5.0 * self.rate:
            raise MisfitError(("count",), "expected at most 5 s of pairings where glutamate is uncaged")
        return self


class _Cortical(_Step):
    kinds = ("slice",)


class IntermittentTheta(_Cortical):
    """Intermittent theta-burst stimulation of motor cortex."""

    do: Literal["itbs"]
    blocks: Few = Field(1, description="of 600 pulses")


class ContinuousTheta(_Cortical):
    """Continuous theta-burst stimulation of motor cortex."""

    do: Literal["ctbs"]
    blocks: Few = Field(1, description="of 600 pulses")


class DirectCurrent(_Cortical):
    """Direct-current stimulation of motor cortex."""

    do: Literal["direct-current"]
    polarity: Literal["anodal", "cathodal"]
    minutes: Positive = Field(10.0, le=600, description="min")


class Condition(_Step):
    """A cue with the aversive outcome."""

    kinds = FEAR
    do: Literal["condition"]
    cue: Cue = 1
    trials: Count = 5
    minutes: Positive = Field(15.0, le=1440, description="over which the trials are spread, min")
    context: Context = "clinic"


class Retrieve(_Step):
    """One unreinforced prolonged cue."""

    kinds = FEAR
    do: Literal["retrieve"]
    cue: Cues = 1
    context: Context = "clinic"


class Extinguish(_Step):
    """Prolonged cues without the aversive outcome."""

    kinds = FEAR
    do: Literal["extinguish"]
    cue: Cues = 1
    trials: Count = 18
    minutes: Positive = Field(60.0, le=1440, description="over which the trials are spread, min")
    context: Context = "clinic"
    ends: Literal["well", "badly"] = Field("well", description="badly: the last cue brings the aversive outcome")


class Shock(_Step):
    """Unsignalled aversive outcomes."""

    kinds = FEAR
    do: Literal["shock"]
    count: Count = 1


class Teach(_Repeated):
    """A cue with its ordinary outcome (animal, patient), or practice of the lost movement (map).

    On a map `minutes` is 60 and `every` is 1 d where they are not given, so that `until` is needed there.
    """

    kinds = (*FEAR, "map")
    do: Literal["teach"]
    cue: Cue = Field(7, description="animal, patient: the cue that is taught")
    trials: Count = Field(10, description="animal, patient: trials of a session")
    minutes: Positive = Field(10.0, le=1440, description="length of a session, min; 60 on a map")
    release: Literal["none", "paired", "delayed", "extra"] = Field(
        "none", description="neuromodulator released with each trial, after a delay, or (map) as often but unpaired"
    )
    enriched: Flag = Field(False, description="map: in enriched surroundings")


class Surroundings(_Lasting):
    """Enriched or stressful everyday life."""

    kinds = FEAR
    do: Literal["surroundings"]
    quality: Literal["benign", "adverse"]
    until: Time = Field(description="when it ends, counted from t0")


class Sleep(_Step):
    """Sleep, with its replays."""

    kinds = FEAR
    do: Literal["sleep"]
    minutes: Positive = Field(90.0, le=1440, description="min")


class Stimulate(_Repeated):
    """Trains that drive a region."""

    kinds = FEAR
    do: Literal["stimulate"]
    target: Literal["prefrontal", "amygdala", "broad"]
    amplitude: Number = Field(1.0, ge=-10, le=10, description="1 = the standard of the studies; negative silences")
    trains: Count = 40
    minutes: Positive = Field(60.0, le=1440, description="over which the trains are spread, min")


class Erase(_Step):
    """Removal of the spines grown since t0, or of as many at random."""

    kinds = FEAR
    do: Literal["erase"]
    what: Literal["new", "random"]


class See(_Lasting):
    """What each eye sees from `at` on; before any such step both eyes are open."""

    kinds = ("eyes",)
    do: Literal["see"]
    left: Eye = "open"
    right: Eye = "open"
    enriched: Flag = False
    until: Time | None = Field(None, description="when both eyes are open again; to the next such step without it")


class Lesion(_Step):
    """A stroke that takes a share of the map."""

    kinds = ("map",)
    do: Literal["lesion"]
    share: Number = Field(0.5, gt=0, le=1, description="of the map's units")


Step = Annotated[
    Dose
    | Bath
    | Tetanus
    | ThetaBurst
    | Pulses
    | Pair
    | IntermittentTheta
    | ContinuousTheta
    | DirectCurrent
    | Condition
    | Retrieve
    | Extinguish
    | Shock
    | Teach
    | Surroundings
    | Sleep
    | Stimulate
    | Erase
    | See
    | Lesion,
    Field(discriminator="do"),
]
STEPS: dict[str, type[_Step]] = {
    get_args(step.model_fields["do"].annotation)[0]: step for step in get_args(get_args(Step)[0])
}


def suiting(kind: Kind) -> list[str]:
    """Return the names of the steps that suit a preparation of this kind."""
    return [name for name, step in STEPS.items() if kind in step.kinds]


def check_step(step: Step, preparation: Preparation) -> None:
    """Raise MisfitError if `step` cannot be done to `preparation`."""
    kind = preparation.kind
    if kind not in step.kinds:
        raise MisfitError(("do",), f"does not suit a preparation '{kind}'; expected one of: {', '.join(suiting(kind))}")
    if isinstance(preparation, Slice):
        if isinstance(step, _Cortical) and preparation.tissue != "cortex":
            raise MisfitError(("do",), f"is done to motor cortex; expected tissue: cortex, not {preparation.tissue}")
        named = {"pathway": getattr(step, "pathway", None), "with": getattr(step, "partner", None)}
        for key, pathway in named.items():
            if pathway is not None and pathway not in preparation.pathways:
                raise MisfitError((key,), f"unknown pathway '{pathway}'; {nearest(pathway, preparation.pathways)}")
    if isinstance(step, Teach):
        others = ("cue", "trials") if kind == "map" else ("enriched",)
        for key in others:
            if key in step.model_fields_set:
                raise MisfitError((key,), f"is no option of teaching in a preparation '{kind}'")
        if kind != "map" and step.release == "extra":
            raise MisfitError(("release",), "expected one of: none, paired, delayed ('extra' is for a map)")
