"""From early change to lasting change: tags, the BDNF-CREB-protein chain, the late phase, structure, lability.

    tag    = |E|^4 / (|E|^4 + tag0^4)
    D      = (sum of tag |E|)^2 / ((...)^2 + theta^2)                               per neuron, cooperative
    p'     = (D * translation - p) / tau_p,     translation = BDNF x CREB x messengers x (1 - block) x sleep
    messengers = (1 - R) m + R' chromatin,      R = (sum of tag |E|)^2 / ((...)^2 + (recruit theta)^2)
    m'     = (chromatin - m) / tau_m,           R' = R unless deacetylases are inhibited: recruit is then nearer to 1
    L'     = k h0 p tag (1 - L/L_max)(1 - sum L/R) where E > 0;   -k p tag L (1 - shield) where E < 0
    L' and S' relax to each other: L to S in a week, S to L in days while the structural stage is open
    what one synapse of an axon gains the axon's other synapses lose, in proportion (presynaptic competition)
    L and S of the labile are lost at k_l (1 - r) labile_pre labile_post,   r = (1 - block)(1 - block')(1 - held), of
    synthesis, of transcription and by memory suppressors (epigenetics)
    x' = (labile - x) / tau_x;   depotentiation by d while labile:   L and S x exp(-x^2 labile_post young d / d0)

Tag, protein and late phase follow Luboeinski & Tetzlaff 2021 (Commun Biol 4:275); the BDNF-CREB chain with
Hill-2 steps follows Zhang, Smolen, Byrne et al. 2016 (ModelDB 222715). Weak drive translates messengers that stand
in dendrites (Huang & Kandel 2005), the stronger it is the more it needs transcription, which several trains recruit
(Impey 1996), or fewer without deacetylases (Vecsey 2007). Lability: reactivation with prediction error makes synapses
depend on new proteins (Nader 2000) and messengers (Duvarci, Nader & LeDoux 2008, Learn Mem 15:747) for hours and lets
structure follow. Within minutes stable receptors leave them and unstable ones come (Hong 2013), two steps, hence x^2;
depotentiation removes those, and what was consolidated with them (Clem & Huganir 2010), if it is young: under a week,
or of a neuron whose chromatin an inhibitor of deacetylases has freed, as a reminder frees only that of recent traces
(Graff 2014).
Order within a step: early decay, proteins, late phase, competition; every hour structure and lability.
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par

RESOLUTION = np.float32(1e-3)  # early change and spent induction, summed over an axon, that count as none
EXPRESSED = 1e-7  # share of late change in one step below which none is worked out
ACTIVE = 0.03  # 100 Hz, mean rate in an episode above which a synapse is reactivated
OPEN = 1e-3  # lability that counts as none
FOLLOWED = 1e-6  # gap to what chromatin permits, over themselves, within which standing messengers have followed
UNTAGGED = 0.2  # largest early change of an axon, over that which half-sets a tag, that leaves tags under 0.2 %
LUBOEINSKI = "Luboeinski & Tetzlaff 2021, Commun Biol 4:275"


class ConsolidationParams(NamedTuple):
    """Time constants and thresholds of consolidation. Weights are in units of input; h0 = 0.1."""

    tau_early: Annotated[float, Par("effective decay of the early phase", "h", LUBOEINSKI)] = 1.9
    tag: Annotated[float, Par("early change that half-sets a tag", "1", LUBOEINSKI + " (0.2 h0)")] = 0.02
    tau_protein: Annotated[float, Par("protein turnover", "h", LUBOEINSKI)] = 1.0
    protein_threshold: Annotated[
        float,
        Par(
            "tagged change per neuron that half-drives proteins",
            "1",
            LUBOEINSKI + " (0.5 h0; here over tagged synapses)",
        ),
    ] = 0.2
    protein_hill: Annotated[
        float, Par("cooperativity of the protein drive", "1", "Zhang 2016, ModelDB 222715 (Hill-2 steps)")
    ] = 2.0
    recruit: Annotated[
        float,
        Par(
            "tagged change that half-recruits transcription, over what half-drives proteins",
            "1",
            "several trains, not one; Impey 1996, Neuron 16:973; size " + PROJECT,
        ),
    ] = 3.0
    tau_messenger: Annotated[
        float,
        Par("turnover of messengers in dendrites", "h", "half in 9 h (median); Schwanhausser 2011, Nature 473:337"),
    ] = 13.0
    late_rate: Annotated[
        float, Par("late change per protein, in h0 (growth) or of itself (loss)", "1/h", LUBOEINSKI + " (1/h at p = 1)")
    ] = 1.2
    late_unit: Annotated[float, Par("h0, weight that a fully expressed late phase adds", "1", LUBOEINSKI)] = 0.1
    late_max: Annotated[float, Par("soft limit of the late phase", "1", PROJECT)] = 4.0
    resource: Annotated[
        float, Par("dendritic resource per neuron, summed late weight", "1", "Triesch 2018, eLife 7:e37836")
    ] = 10.0
    competition: Annotated[
        float,
        Par("share of an axon's gain that its other synapses lose", "1", "limited presynaptic resource; Triesch 2018"),
    ] = 0.6
    tau_late: Annotated[float, Par("return of the late phase to structure", "d", "a week; " + PROJECT)] = 6.5
    tau_structure: Annotated[
        float,
        Par("structure follows the late phase while open", "d", "spine turnover; Moda-Sava 2019, Science 364:eaat8078"),
    ] = 5.0
    tau_bdnf: Annotated[float, Par("BDNF turnover", "h", "Zhang 2016, ModelDB 222715")] = 4.0
    tau_creb: Annotated[float, Par("CREB phosphorylation", "h", "Zhang 2016, ModelDB 222715")] = 6.0
    bdnf_release: Annotated[float, Par("BDNF released by a fully driven circuit", "1", PROJECT)] = 0.5
    bdnf_feedback: Annotated[float, Par("BDNF transcribed by CREB", "1", "Zhang 2016, ModelDB 222715")] = 0.5
    bdnf_basal: Annotated[float, Par("BDNF without activity", "1", PROJECT)] = 0.7
    bdnf_stress: Annotated[
        float, Par("BDNF production lost under lasting stress", "1", "Duman & Monteggia 2006, Biol Psychiatry 59:1116")
    ] = 0.5
    bdnf_induction: Annotated[
        float, Par("share of early induction that needs BDNF", "1", "Korte 1995, PNAS 92:8856; Patterson 1996")
    ] = 0.5
    bdnf_induction_half: Annotated[float, Par("BDNF that half-supports induction", "1", "as above; " + PROJECT)] = 0.4
    bdnf_rest: Annotated[float, Par("BDNF of an adult at rest", "1", "of this model")] = 0.8
    bdnf_half: Annotated[float, Par("BDNF that half-drives CREB and translation", "1", "Zhang 2016")] = 1.0
    sleep_translation: Annotated[float, Par("translation asleep over awake", "1", "Seibt & Frank 2012")] = 1.5
    sleep_downscaling: Annotated[
        float, Par("early decay asleep over awake, where no tag protects", "1", "Tononi & Cirelli 2014, Neuron 81:12")
    ] = 2.0
    tau_labile: Annotated[float, Par("closing of lability", "h", "under 6 h; Nader 2000, Nature 406:722")] = 2.0
    labile_half: Annotated[float, Par("omission error that half-opens lability", "1", PROJECT)] = 0.25
    labile_close: Annotated[float, Par("lability closed per well-predicted trial", "1", PROJECT)] = 0.8
    labile_loss: Annotated[float, Par("loss of labile synapses without synthesis", "1/h", "Nader 2000")] = 1.2
    arousal_half: Annotated[
        float, Par("aversive surprise that half-imprints, in ordinary outcomes", "1", "above everyday life; " + PROJECT)
    ] = 6.0
    arousal_hill: Annotated[float, Par("steepness of imprinting", "1", PROJECT)] = 6.0
    imprinting: Annotated[
        float, Par("structural opening under full arousal", "1", "McGaugh 2004, Annu Rev Neurosci 27:1; " + PROJECT)
    ] = 150.0
    tau_arousal: Annotated[float, Par("fading of arousal", "h", "hours; McGaugh 2004")] = 6.0
    labile_structure: Annotated[
        float, Par("structural opening of labile synapses", "1", "Monfils 2009, Science 324:951")
    ] = 1.0
    tau_exchange: Annotated[
        float,
        Par("exchange of receptors at labile synapses for unstable ones", "h", "minutes; Hong 2013, PNAS 110:8218"),
    ] = 0.2
    removal: Annotated[
        float,
        Par(
            "depotentiation by which exchanged receptors go, all but 1/e, and with them what was consolidated",
            "1",
            "Clem & Huganir 2010, Science 330:1108; size " + PROJECT,
        ),
    ] = 0.005
    tau_recent: Annotated[
        float, Par("ageing of what was consolidated", "d", "under a week; Clem & Huganir 2010, Science 330:1108")
    ] = 7.0


class Messengers(NamedTuple):
    """Where translation takes its messengers from, of one patient."""

    surplus: float  # translation of those that stand in dendrites, less of as many as chromatin permits now
    usual: float  # tagged change that half-recruits transcription, over the protein threshold
    freed: float  # the same with what deacetylases an inhibitor leaves


@kernel
def _tag(early: np.float32, quartic: np.float32) -> np.float32:
    square = early * early
    return square * square / (square * square + quartic)


@kernel
def advance_growth_factors(
    bdnf: float,
    creb: float,
    drive: float,
    permitted: float,
    made: float,
    supply: float,
    hours: float,
    params: ConsolidationParams,
) -> tuple[float, float]:
    """Advance BDNF and phosphorylated CREB by `hours` (exponential midpoint, order 2).

    `drive` is the mean protein drive of the circuit, `permitted` what chromatin permits, `made` what drugs, genotype
    and stress leave of production, `supply` what comes from outside.
    """
    half = params.bdnf_half**2
    follow_creb = 1.0 - np.exp(-0.5 * hours / params.tau_creb)
    middle = creb + follow_creb * (bdnf**2 / (bdnf**2 + half) - creb)
    target = (params.bdnf_basal + params.bdnf_release * drive + params.bdnf_feedback * middle * permitted) * made
    target += supply
    bdnf_new = target + (bdnf - target) * np.exp(-hours / params.tau_bdnf)
    creb = middle + follow_creb * (bdnf_new**2 / (bdnf_new**2 + half) - middle)
    return bdnf_new, creb


@kernel
def translation(
    bdnf: float, creb: float, permitted: float, block: float, asleep: bool, params: ConsolidationParams
) -> float:
    """Return the share of the protein drive that is translated; 1 in a young, awake, unblocked circuit."""
    trophic = 2.0 * bdnf**2 / (bdnf**2 + params.bdnf_half**2)
    return trophic * (0.5 + creb) * permitted * (1.0 - block) * (params.sleep_translation if asleep else 1.0)


@kernel
def recruiting(primed: float, params: ConsolidationParams) -> float:
    """Return the tagged change that half-recruits transcription, over the protein threshold.

    `primed` is the share of an adult's deacetylase activity that is missing.
    """
    return params.recruit + (1.0 - params.recruit) * primed


@kernel
def advance_messengers(level: float, permitted: float, hours: float, params: ConsolidationParams) -> float:
    """Advance the messengers that stand in dendrites by `hours` towards what chromatin permits."""
    gap = permitted - level
    if abs(gap) <= FOLLOWED * level:
        return permitted
    return level + gap * (1.0 - np.exp(-hours / params.tau_messenger))


@kernel
def supported(bdnf: float, params: ConsolidationParams) -> float:
    """Return the early induction that BDNF supports, over that of an adult at rest."""
    half, rest = params.bdnf_induction_half**2, params.bdnf_rest**2
    hill = bdnf**2 / (bdnf**2 + half) * (rest + half) / rest
    return 1.0 + params.bdnf_induction * (hill - 1.0)


@kernel
def decay_early(
    early: np.ndarray,
    refractory: np.ndarray,
    live: np.ndarray,
    hours: float,
    asleep: bool,
    tau_refractory: float,
    params: ConsolidationParams,
    carried: np.ndarray,
) -> None:
    """Let the early phase and the refractory state of one patient's synapses decay for `hours`.

    `live`, (pre,) bool, marks axons with anything to decay; what is left of an axon's ends below the resolution.
    Asleep, weak change decays faster and tagged change is spared. Writes the fourth power of early change summed over
    each axon, which its tags go by, into `carried`, (pre,).
    """
    keep, tag = np.float32(np.exp(-hours / params.tau_early)), np.float32(params.tag**4)
    faster = np.float32(np.exp(-hours / params.tau_early * params.sleep_downscaling)) - keep
    ready = np.float32(np.exp(-hours / tau_refractory))
    for j in range(early.shape[0]):
        carried[j] = 0.0
        if not live[j]:
            continue
        change, spent, quartic = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for i in range(early.shape[1]):
            left = early[j, i] * keep
            if asleep:
                square = early[j, i] * early[j, i]
                left += early[j, i] * faster * tag / (tag + square * square)
            early[j, i] = left
            refractory[j, i] *= ready
            change += abs(left)
            quartic += (left * left) * (left * left)
            spent += refractory[j, i]
        carried[j] = quartic
        if change + spent < RESOLUTION:
            live[j] = False
            for i in range(early.shape[1]):
                early[j, i] = 0.0
                refractory[j, i] = 0.0


@kernel
def _make(
    protein: np.ndarray,
    tagged: np.ndarray,
    translated: float,
    threshold: float,
    messengers: Messengers,
    hours: float,
    params: ConsolidationParams,
    expressed: np.ndarray,
) -> float:
    """Advance proteins, (units,), by `hours`; write into `expressed` the share of late change that they bring about.

    1 - exp(-x) goes by the diagonal Pade approximant of exp(-x / 4), off by less than 1e-4 of itself up to x = 4.
    Returns the mean protein drive.
    """
    units = protein.shape[0]
    keep, mean = np.exp(-hours / params.tau_protein), 0.0
    lasting = (1.0 - keep) * params.tau_protein / hours
    for i in range(units):
        expressed[i] = tagged[i] / np.float32(threshold)
    if params.protein_hill == 2.0:
        for i in range(units):
            expressed[i] *= expressed[i]
    else:
        for i in range(units):
            expressed[i] **= np.float32(params.protein_hill)
    usual, freed = messengers.usual**params.protein_hill, messengers.freed**params.protein_hill
    shifted = messengers.surplus != 0.0 or usual != freed
    for i in range(units):
        drive = float(expressed[i] / (np.float32(1.0) + expressed[i]))
        mean += drive
        made = drive * translated
        if shifted:
            recruited = expressed[i] / (usual + expressed[i])
            further = expressed[i] / (freed + expressed[i]) - recruited
            made += drive * ((1.0 - recruited) * messengers.surplus + further * translated)
        left = protein[i] - made
        quarter = 0.25 * params.late_rate * hours * (made + left * lasting)
        part = quarter / (1.0 + quarter * (0.5 + quarter / 12.0))
        expressed[i] = np.float32(part * (4.0 - part * (6.0 - part * (4.0 - part))))
        protein[i] = made + left * keep
    return mean / units


@kernel
def capture(
    early: np.ndarray,
    late: np.ndarray,
    carried: np.ndarray,
    protein: np.ndarray,
    translated: float,
    shield: float,
    threshold: float,
    messengers: Messengers,
    hours: float,
    params: ConsolidationParams,
    recent: np.ndarray,
    lent: np.ndarray,
) -> float:
    """Advance one patient's proteins, (units,), by `hours` and let tagged synapses capture them.

    `carried` is the fourth power of early change summed over each axon, (pre,); one that carries too little has no
    tag.
    `translated` is the share of the protein drive that is made of as many `messengers` as chromatin permits, `shield`
    of late depression prevented, `threshold` the patient's protein threshold; `recent`, (units,), is the share of late
    weight that is recent, `lent`, (4, units) float32, is scratch. Returns the mean protein drive of the circuit.
    """
    pre, post = late.shape
    quartic, untagged = np.float32(params.tag**4), (UNTAGGED * params.tag) ** 4
    tagged, gain, room, added = lent[0], lent[1], lent[2], lent[3]
    older = np.exp(-hours / (24.0 * params.tau_recent))
    for i in range(post):
        tagged[i] = gain[i] = room[i] = added[i] = 0.0
        recent[i] *= older
    for j in range(pre):
        if carried[j] > untagged:
            for i in range(post):
                tagged[i] += abs(early[j, i]) * _tag(early[j, i], quartic)
    mean = _make(protein, tagged, translated, threshold, messengers, hours, params, gain)
    active = False
    for i in range(post):
        active |= gain[i] > EXPRESSED
    if not active:
        return mean
    for j in range(pre):
        for i in range(post):
            room[i] += late[j, i]
    for i in range(post):
        tagged[i] = room[i]
        room[i] = max(np.float32(0.0), np.float32(1.0) - room[i] / np.float32(params.resource))
    limit = np.float32(1.0 / params.late_max)
    spare = np.float32(1.0 - shield)
    unit = np.float32(params.late_unit)
    for j in range(pre):
        if carried[j] <= untagged:
            continue
        won = np.float32(0.0)
        owned = np.float32(0.0)
        for i in range(post):
            step = gain[i] * _tag(early[j, i], quartic)
            grown = unit * step * max(np.float32(0.0), np.float32(1.0) - late[j, i] * limit) * room[i]
            grown = grown if early[j, i] > 0.0 else np.float32(0.0)
            shrunk = step * spare * late[j, i] if early[j, i] < 0.0 else np.float32(0.0)
            owned += late[j, i]
            won += grown
            added[i] += grown
            late[j, i] += grown - shrunk
        if won > 0.0 and owned > 0.0:
            lost = min(np.float32(params.competition) * won * spare / (owned + won), np.float32(0.5))
            for i in range(post):
                late[j, i] -= lost * late[j, i]
    for i in range(post):
        if added[i] > 0.0:
            recent[i] += (1.0 - recent[i]) * added[i] / (added[i] + tagged[i])
    return mean


@kernel
def unrestored(synthesis: float, transcription: float, suppressed: float) -> float:
    """Return the restabilisation of labile synapses that is prevented, 0..1: it needs new messengers and proteins.

    `synthesis` and `transcription` are the shares inhibited, `suppressed` what memory suppressors hold back.
    """
    return synthesis + (1.0 - synthesis) * (transcription + (1.0 - transcription) * suppressed)


@kernel
def _fallen(x: np.float32) -> np.float32:
    """Return 1 - exp(-x) by its diagonal Pade approximant, off by less than 1e-3 of itself up to x = 1."""
    return x / (np.float32(1.0) + x * (np.float32(0.5) + x / np.float32(12.0)))


@kernel
def settle(
    late: np.ndarray,
    structure: np.ndarray,
    labile_pre: np.ndarray,
    labile_post: np.ndarray,
    block: float,
    opening: float,
    hours: float,
    params: ConsolidationParams,
) -> None:
    """Let one patient's late phase and structure, (pre, post), relax to each other for `hours`; close lability.

    `block` is the share of restabilisation prevented, `opening` of the structural stage. The exchange is exact
    for constant arguments; labile synapses follow and are lost by their mean lability.
    """
    pre, post = late.shape
    to_structure = 1.0 / (24.0 * params.tau_late)
    to_late = 1.0 / (24.0 * params.tau_structure)
    labile = False
    for i in range(post):
        labile |= labile_post[i] > 1e-3
    rate = to_structure + to_late * opening
    moved = (1.0 - np.exp(-rate * hours)) / rate
    down, up = np.float32(to_structure * moved), np.float32(to_late * opening * moved)
    steady = np.float32(to_late * opening * hours)
    lasting = 0.5 * params.tau_labile * (1.0 - np.exp(-2.0 * hours / params.tau_labile))  # h, of a product that closes
    further = np.float32(to_late * max(0.0, 1.0 - opening) * params.labile_structure * lasting)
    risk = np.float32(params.labile_loss * block * lasting)
    for j in range(pre):
        if labile and labile_pre[j] > 1e-3:
            own = np.float32(labile_pre[j])
            for i in range(post):
                share = own * np.float32(labile_post[i])
                followed, lost = _fallen(steady + further * share), _fallen(risk * share)
                gap = late[j, i] - structure[j, i]
                late[j, i] = (np.float32(1.0) - lost) * (late[j, i] - down * gap)
                structure[j, i] = (np.float32(1.0) - lost) * (structure[j, i] + followed * gap)
        else:
            for i in range(post):
                gap = late[j, i] - structure[j, i]
                late[j, i] -= down * gap
                structure[j, i] += up * gap
    close = np.exp(-hours / params.tau_labile)
    for j in range(pre):
        labile_pre[j] *= close
    for i in range(post):
        labile_post[i] *= close


@kernel
def arousal(shock: float, params: ConsolidationParams) -> float:
    """Return the arousal, 0..1, by an aversive outcome that came by `shock` more than was expected."""
    return shock**params.arousal_hill / (shock**params.arousal_hill + params.arousal_half**params.arousal_hill)


@kernel
def reactivate(
    labile: np.ndarray, active: np.ndarray, carried: np.ndarray, error: float, params: ConsolidationParams
) -> None:
    """Open the lability of what was active in proportion to the prediction error left, close it where none is.

    Only what carried the expectation, `carried` > 0, can be disappointed.
    """
    surprise = error**2 / (error**2 + params.labile_half**2)
    for j in range(labile.shape[0]):
        if active[j] > ACTIVE:
            opened = (1.0 - labile[j]) * surprise if carried[j] > 0.0 else 0.0
            labile[j] += opened - params.labile_close * (1.0 - surprise) * labile[j]


@kernel
def exchange(exchanged: np.ndarray, labile: np.ndarray, hours: float, params: ConsolidationParams) -> None:
    """Let the receptors of labile axons, (pre,), be exchanged for unstable ones for `hours`, or back."""
    follow = 1.0 - np.exp(-hours / params.tau_exchange)
    for j in range(exchanged.shape[0]):
        exchanged[j] += follow * (labile[j] - exchanged[j])


@kernel
def note(early: np.ndarray, exchanged: np.ndarray, before: np.ndarray) -> bool:
    """Write the early phase of axons with exchanged receptors into `before`, (pre, post); return whether any has."""
    loose = False
    for j in range(early.shape[0]):
        if exchanged[j] > OPEN:
            loose = True
            for i in range(early.shape[1]):
                before[j, i] = early[j, i]
    return loose


@kernel
def remove(
    before: np.ndarray,
    early: np.ndarray,
    late: np.ndarray,
    structure: np.ndarray,
    exchanged: np.ndarray,
    labile_post: np.ndarray,
    recent: np.ndarray,
    primed: float,
    params: ConsolidationParams,
) -> None:
    """Let what an episode has depotentiated, `early` less `before`, take consolidated weight with it where labile.

    Of what is not `recent`, (post,), the share `primed` yields.
    """
    for j in range(early.shape[0]):
        if exchanged[j] <= OPEN:
            continue
        for i in range(early.shape[1]):
            fallen = before[j, i] - early[j, i]
            if labile_post[i] > OPEN and fallen > 0.0:
                yields = exchanged[j] * exchanged[j] * labile_post[i] * (recent[i] + (1.0 - recent[i]) * primed)
                lost = _fallen(np.float32(yields / params.removal) * fallen)
                late[j, i] -= lost * late[j, i]
                structure[j, i] -= lost * structure[j, i]
