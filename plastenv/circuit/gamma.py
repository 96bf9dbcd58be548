"""Gamma: a loop of excitatory and parvalbumin (PV) cells, and what its rhythm does to the traces of the rule.

    tau dv/dt = -v + drive + noise + g_AMPA s_AMPA (E_AMPA - v) + g_GABA s_GABA (E_GABA - v),   a spike where v >= 1

Excitatory cells fire PV cells, which silence them until GABA has decayed (PING; Boergers & Kopell 2003, Neural Comput
15:509). Light on PV cells makes this rhythm, their silence takes it away (Cardin 2009, Nature 459:663; Sohal 2009,
Nature 459:698). PV drive scales all that PV cells are excited by. Potentials are 0 at rest and 1 at threshold,
conductances are in units of the leak, coupling is all to all. Spikes that fall together are read with the traces of
the triplet rule and compared with asynchronous cells of the same rates. Assumptions: all cells answer the same cue;
recurrent pairs have no lag, forward pathways carry the same rhythm and lead by `lead`; in `net` the sliding threshold
is where chance coincidences balance, as after days at these rates.

At most about a fifth can be gained by pairs without lag: traces of 17 and 114 ms span a cycle of 24 ms. What has an
interior optimum is `power` and `net`; `potentiation` per chance coincidence rises with PV drive as long as cells fire.
The rule of the circuit reads the tables of recurrent pairs (`counted`).
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv import rng
from plastenv.circuit.params import PlasticityParams
from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par

CELLS, PV_CELLS = 160, 40  # four to one, as in cortex
BAND = (30.0, 80.0)  # Hz, gamma
SEARCHED = (15.0, 150.0)  # Hz, where the peak is looked for
BURN_IN = 0.5  # s before anything is measured; four times the slowest trace
PATHWAYS = {"recurrent": 0.0, "forward": 0.003}  # s by which spikes lead; 2 ms of latency and the rise of an EPSP
UNIFORM = np.sqrt(12.0)  # a uniform draw times this has variance 1; a membrane averages dozens of them
BRUNEL = "Brunel & Wang 2003, J Neurophysiol 90:415"
BOERGERS = "0.25 mS/cm2 over a leak of 0.1; Boergers 2017, Introduction to Modeling Neuronal Dynamics, ch. 30"

SCALES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0)  # PV drive
QUANTITIES = ("frequency", "power", "potentiation", "depression", "net")  # Hz, then 1 = adult
# fmt: off
RHYTHM = (
    (128, 128, 125, 113, 57, 56, 52, 48, 45,
     43, 43, 42, 41, 41, 41, 40, 39, 38),
    (0.008, 0.008, 0.014, 0.044, 0.118, 0.301, 0.661, 0.967, 1.080,
     1.080, 1.065, 1.000, 0.933, 0.870, 0.782, 0.756, 0.679, 0.582),
)
TABLES = {  # per pathway, quantity and scale; written by `tabulate`
    "recurrent": (
        *RHYTHM,
        (0.950, 0.950, 0.950, 0.950, 0.951, 0.953, 0.960, 0.971, 0.983,
         0.988, 0.994, 1.000, 1.004, 1.006, 1.012, 1.020, 1.027, 1.036),
        (0.984, 0.984, 0.984, 0.984, 0.984, 0.985, 0.987, 0.991, 0.994,
         0.996, 0.998, 1.000, 1.001, 1.002, 1.004, 1.007, 1.010, 1.012),
        (0.009, 0.008, 0.137, 0.182, 0.325, 0.680, 1.261, 1.444, 1.341,
         1.252, 1.162, 1.000, 0.866, 0.747, 0.578, 0.454, 0.352, 0.277),
    ),
    "forward": (
        *RHYTHM,
        (0.805, 0.805, 0.805, 0.805, 0.807, 0.815, 0.837, 0.878, 0.926,
         0.949, 0.970, 1.000, 1.021, 1.038, 1.067, 1.100, 1.132, 1.164),
        (1.108, 1.108, 1.107, 1.107, 1.106, 1.102, 1.090, 1.068, 1.041,
         1.028, 1.018, 1.000, 0.986, 0.976, 0.959, 0.942, 0.925, 0.908),
        (-0.003, -0.003, 0.037, 0.100, 0.253, 0.564, 1.070, 1.304, 1.262,
         1.196, 1.130, 1.000, 0.891, 0.795, 0.636, 0.502, 0.390, 0.304),
    ),
}
# fmt: on
GRID = np.array(SCALES)
COUNTED = np.array(TABLES["recurrent"][2:4])  # potentiation and depression, per scale


class GammaParams(NamedTuple):
    """The loop of excitatory and PV cells; rest 0, threshold 1, conductances in units of the leak."""

    dt: Annotated[float, Par("step", "s", PROJECT)] = 0.00025
    tau: Annotated[float, Par("membrane of excitatory cells", "s", BRUNEL)] = 0.020
    tau_pv: Annotated[float, Par("membrane of PV cells", "s", BRUNEL)] = 0.010
    refractory: Annotated[float, Par("refractory time of excitatory cells", "s", BRUNEL)] = 0.002
    refractory_pv: Annotated[float, Par("refractory time of PV cells", "s", BRUNEL)] = 0.001
    reset: Annotated[float, Par("potential after a spike, -59 mV between -70 and -52", "1", BRUNEL)] = 0.61
    ampa_reversal: Annotated[float, Par("reversal of AMPA, 0 mV", "1", BRUNEL)] = 3.9
    gaba_reversal: Annotated[float, Par("reversal of GABA-A, -75 mV", "1", "Boergers 2017, ch. 30")] = -0.28
    rise: Annotated[float, Par("rise of both conductances", "s", BRUNEL)] = 0.0005
    tau_ampa: Annotated[float, Par("decay of AMPA", "s", BRUNEL)] = 0.002
    tau_gaba: Annotated[float, Par("decay of GABA-A", "s", "Boergers 2017, ch. 30; 8 to 9 ms")] = 0.009
    delay: Annotated[float, Par("conduction and synapse", "s", BRUNEL + "; 0.5 to 2 ms")] = 0.001
    to_pv: Annotated[float, Par("peak of AMPA on PV cells when all fire", "1", BOERGERS)] = 2.5
    from_pv: Annotated[float, Par("peak of GABA on excitatory cells when all fire", "1", BOERGERS)] = 2.5
    among_pv: Annotated[float, Par("peak of GABA on PV cells when all fire", "1", BOERGERS)] = 2.5
    drive: Annotated[float, Par("input of a cue, in rheobases", "1", PROJECT)] = 2.0
    spread: Annotated[float, Par("standard deviation of that input over cells", "1", PROJECT)] = 0.1
    drive_pv: Annotated[float, Par("background of PV cells, in rheobases", "1", "below threshold; " + PROJECT)] = 0.5
    noise: Annotated[
        float,
        Par(
            "fluctuation of the free potential", "1", "2.7 mV; low in 2 to 6 mV, Destexhe 2003, Nat Rev Neurosci 4:739"
        ),
    ] = 0.15
    lead: Annotated[float, Par("by which presynaptic spikes lead in the read-out", "s", "0 between equals")] = 0.0


@kernel
def counted(pv: float, side: int) -> np.float32:
    """Return what the rhythm makes of coincidences between its own cells at the PV drive `pv`, 1 = adult.

    `side` is 0 for potentiation and 1 for depression. Axons from outside do not fire in this rhythm.
    """
    at, k = min(max(pv, GRID[0]), GRID[-1]), 1
    while GRID[k] < at:
        k += 1
    below, above = COUNTED[side, k - 1], COUNTED[side, k]
    return np.float32(below + (at - GRID[k - 1]) / (GRID[k] - GRID[k - 1]) * (above - below))


class Loop(NamedTuple):
    """Scratch of one run; excitatory cells come before PV cells."""

    spikes: np.ndarray  # (steps, cells) bool
    potential: np.ndarray  # (cells,)
    silent: np.ndarray  # (cells,), s left of the refractory time
    travelling: np.ndarray  # (delay + 1, 2), share of either population whose spikes are on their way
    near: np.ndarray  # (excitatory,), presynaptic trace
    fast: np.ndarray  # (excitatory,), fast postsynaptic trace
    slow: np.ndarray  # (excitatory,), slow postsynaptic trace
    fired: np.ndarray  # (excitatory,), spikes
    weighed: np.ndarray  # (excitatory,), spikes, each by what a coincidence with it counts for
    sent: np.ndarray  # (excitatory,), presynaptic spikes
    drives: np.ndarray  # (2,), potentiation and depression, summed over ordered pairs


class Gamma(NamedTuple):
    """What a loop does at one PV drive."""

    frequency: float  # Hz, peak of the spectrum of excitatory firing; means little where power is low, NaN if silent
    power: float  # Hz^2, variance of the population rate within 30 to 80 Hz
    rate: float  # Hz, excitatory cells
    rate_pv: float  # Hz, PV cells
    potentiation: float  # 1, potentiation over that of asynchronous firing at the same rates
    depression: float  # 1, depression over that of asynchronous firing at the same rates
    net: float  # 1/s, potentiation less depression where chance coincidences balance


class Curve(NamedTuple):
    """What PV drive does to the loop; arrays are (scales,)."""

    scale: np.ndarray  # 1, PV drive, 1 = adult
    frequency: np.ndarray  # Hz
    power: np.ndarray  # 1 = adult
    potentiation: np.ndarray  # 1 = adult
    depression: np.ndarray  # 1 = adult
    net: np.ndarray  # 1 = adult


@kernel
def _peak(rise: float, decay: float) -> float:
    """Return the factor that brings exp(-t/decay) - exp(-t/rise) to a peak of 1."""
    at = np.log(decay / rise) * rise * decay / (decay - rise)
    return float(1.0 / (np.exp(-at / decay) - np.exp(-at / rise)))


@kernel
def _run(key: np.uint64, pv: float, params: GammaParams, loop: Loop) -> None:
    """Run the loop at the PV drive `pv` and write its spikes; `key` decides the noise."""
    dt, slots = params.dt, loop.travelling.shape[0]
    for i in range(CELLS + PV_CELLS):
        loop.potential[i], loop.silent[i] = rng.uniform(key, 0, rng.NOISE + i), 0.0
    for slot in range(slots):
        loop.travelling[slot, 0] = loop.travelling[slot, 1] = 0.0
    keep_rise, keep_ampa = np.exp(-dt / params.rise), np.exp(-dt / params.tau_ampa)
    keep_gaba = np.exp(-dt / params.tau_gaba)
    of_ampa, of_gaba = _peak(params.rise, params.tau_ampa), _peak(params.rise, params.tau_gaba)
    ampa, ampa_rise, gaba, gaba_rise = 0.0, 0.0, 0.0, 0.0
    leak, leak_pv = dt / params.tau, dt / params.tau_pv
    shake, shake_pv = UNIFORM * params.noise * np.sqrt(2.0 * leak), UNIFORM * params.noise * np.sqrt(2.0 * leak_pv)
    for step in range(loop.spikes.shape[0]):
        arriving = loop.travelling[step % slots]
        ampa, ampa_rise = ampa * keep_ampa + arriving[0], ampa_rise * keep_rise + arriving[0]
        gaba, gaba_rise = gaba * keep_gaba + arriving[1], gaba_rise * keep_rise + arriving[1]
        excited, inhibited = of_ampa * (ampa - ampa_rise), of_gaba * (gaba - gaba_rise)
        arriving[0] = arriving[1] = 0.0
        leaving = loop.travelling[(step + slots - 1) % slots]
        for i in range(CELLS + PV_CELLS):
            v = loop.potential[i]
            draw = rng.uniform(key, step + 1, rng.NOISE + i) - 0.5
            if i < CELLS:
                rank = (2.0 * i + 1.0) / CELLS - 1.0  # -1 .. 1, evenly spread
                drive = params.drive + params.spread * np.sqrt(3.0) * rank
                drive += params.from_pv * inhibited * (params.gaba_reversal - v)
                v += leak * (drive - v) + shake * draw
            else:
                drive = pv * (params.drive_pv + params.to_pv * excited * (params.ampa_reversal - v))
                drive += params.among_pv * inhibited * (params.gaba_reversal - v)
                v += leak_pv * (drive - v) + shake_pv * draw
            loop.silent[i] -= dt
            if loop.silent[i] > 0.0:
                v = params.reset
            spike = v >= 1.0
            loop.spikes[step, i] = spike
            if spike:
                v = params.reset
                loop.silent[i] = params.refractory if i < CELLS else params.refractory_pv
                leaving[0 if i < CELLS else 1] += 1.0 / (CELLS if i < CELLS else PV_CELLS)
            loop.potential[i] = v


@kernel
def _read(pv: float, dt: float, burn_in: int, lead: int, rule: PlasticityParams, loop: Loop) -> None:
    """Read the spikes of the excitatory cells with the traces of the rule, from step `burn_in` on.

    Presynaptic spikes are read `lead` steps ahead. Spikes of one step come half before and half after each other.
    """
    near, fast, slow = loop.near, loop.fast, loop.slow
    for i in range(CELLS):
        near[i] = fast[i] = slow[i] = loop.fired[i] = loop.weighed[i] = loop.sent[i] = 0.0
    loop.drives[0] = loop.drives[1] = 0.0
    keep_near, keep_fast, keep_slow = (
        np.exp(-dt / rule.tau_plus),
        np.exp(-dt / rule.tau_minus),
        np.exp(-dt / rule.tau_y),
    )
    single = rule.a2_plus * max(0.0, 1.0 - pv / rule.shunt)
    for step in range(loop.spikes.shape[0] - lead):
        before, after, came, went = 0.0, 0.0, 0.0, 0.0
        for i in range(CELLS):
            near[i] *= keep_near
            fast[i] *= keep_fast
            slow[i] *= keep_slow
            before += near[i]
            after += fast[i]
            came += 1.0 if loop.spikes[step + lead, i] else 0.0
            went += 1.0 if loop.spikes[step, i] else 0.0
        for i in range(CELLS):
            sends, fires = loop.spikes[step + lead, i], loop.spikes[step, i]
            if fires and step >= burn_in:
                counts = single + rule.a3_plus * slow[i]
                loop.fired[i] += 1.0
                loop.weighed[i] += counts
                loop.drives[0] += counts * (before - near[i] + 0.5 * (came - (1.0 if sends else 0.0)))
            if sends and step >= burn_in:
                loop.sent[i] += 1.0
                loop.drives[1] += rule.a2_minus * (after - fast[i] + 0.5 * (went - (1.0 if fires else 0.0)))
        for i in range(CELLS):
            if loop.spikes[step + lead, i]:
                near[i] += 1.0
            if loop.spikes[step, i]:
                fast[i] += 1.0
                slow[i] += 1.0


def _scratch(steps: int, params: GammaParams) -> Loop:
    """Allocate a `Loop` of `steps` steps."""
    near, fast, slow, fired, weighed, sent = np.zeros((6, CELLS))
    return Loop(
        spikes=np.zeros((steps, CELLS + PV_CELLS), np.bool_),
        potential=np.zeros(CELLS + PV_CELLS),
        silent=np.zeros(CELLS + PV_CELLS),
        travelling=np.zeros((max(1, round(params.delay / params.dt)) + 1, 2)),
        near=near,
        fast=fast,
        slow=slow,
        fired=fired,
        weighed=weighed,
        sent=sent,
        drives=np.zeros(2),
    )


def measure_gamma(
    pv: float,
    params: GammaParams | None = None,
    rule: PlasticityParams | None = None,
    seconds: float = 2.0,
    seeds: int = 2,
) -> Gamma:
    """Simulate the loop at the PV drive `pv` (1 = adult) and return its rhythm and what that does to the rule.

    Averages `seeds` runs of `seconds` s each after a burn-in; the same arguments give the same answer. Raises
    ValueError for a negative drive, for less than one second or for no run.
    """
    if not (pv >= 0.0 and seconds >= 1.0 and seeds >= 1):
        raise ValueError(f"need pv >= 0, seconds >= 1 and seeds >= 1, not {pv}, {seconds} and {seeds}")
    params, rule = params or GammaParams(), rule or PlasticityParams()
    from scipy.signal import welch  # takes longer to load than all of plastenv, and tables do not need it

    burn_in, lead = round(BURN_IN / params.dt), round(params.lead / params.dt)
    loop = _scratch(burn_in + round(seconds / params.dt) + lead, params)
    spectrum, rates = np.zeros(0), np.zeros(2)
    up, down, chance_up, chance_down = 0.0, 0.0, 0.0, 0.0
    for seed in range(seeds):
        _run(rng.derive(seed), float(pv), params, loop)
        _read(float(pv), params.dt, burn_in, lead, rule, loop)
        spikes = loop.spikes[burn_in:]
        population = spikes[:, :CELLS].mean(1) / params.dt
        frequencies, density = welch(population, 1.0 / params.dt, nperseg=round(1.0 / params.dt))
        spectrum = density if seed == 0 else spectrum + density
        rates += population.mean(), spikes[:, CELLS:].mean() / params.dt
        others = (loop.sent.sum() - loop.sent) / seconds
        up, down = up + float(loop.drives[0]), down + float(loop.drives[1])
        chance_up += rule.tau_plus * float(others @ loop.weighed)
        chance_down += rule.a2_minus * rule.tau_minus * float(others @ loop.fired)
    spectrum /= seeds
    looked = (frequencies >= SEARCHED[0]) & (frequencies <= SEARCHED[1])
    band = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    potentiation = up / chance_up if chance_up > 0.0 else 1.0
    depression = down / chance_down if chance_down > 0.0 else 1.0
    return Gamma(
        frequency=float(frequencies[looked][spectrum[looked].argmax()]) if rates[0] > 0.0 else float("nan"),
        power=float(spectrum[band].sum() * frequencies[1]),
        rate=float(rates[0] / seeds),
        rate_pv=float(rates[1] / seeds),
        potentiation=potentiation,
        depression=depression,
        net=chance_up * (potentiation - depression) / (CELLS * (CELLS - 1) * seconds * seeds),
    )


def tabulate(pathway: str, seconds: float = 4.0, seeds: int = 24) -> Curve:
    """Measure what `TABLES[pathway]` holds; the defaults take about ten seconds. Raises KeyError as `PATHWAYS` does."""
    params = GammaParams(lead=PATHWAYS[pathway])
    scales = np.array(SCALES)
    measured = [measure_gamma(scale, params, None, seconds, seeds) for scale in SCALES]
    adult = measured[SCALES.index(1.0)]
    columns = [
        np.array([getattr(one, name) / getattr(adult, name) for one in measured])
        for name in ("power", "potentiation", "depression", "net")
    ]
    return Curve(scales, np.array([one.frequency for one in measured]), *columns)


def coincidence_curve(quantity: str = "potentiation", pathway: str = "recurrent") -> tuple[np.ndarray, np.ndarray]:
    """Return PV drives and, per drive, a `quantity` of a `Curve` relative to the adult; (scales,) each, for np.interp.

    Precomputed by `tabulate`, so that no trajectory depends on how a machine rounds in here. `pathway` is 'recurrent'
    or 'forward'. Raises ValueError for a quantity or a pathway that is not tabulated.
    """
    if pathway not in TABLES or quantity not in QUANTITIES:
        raise ValueError(f"need one of {QUANTITIES} and of {tuple(TABLES)}, not {quantity!r} and {pathway!r}")
    return np.array(SCALES), np.array(TABLES[pathway][QUANTITIES.index(quantity)])
