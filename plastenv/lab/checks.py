"""Checks of an experiment: does the simulation show what was published? Statistics are paired over seeds.

A quantity is computed seed by seed; seeds are alike in all arms, so the spread of a difference is that of pairs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from plastenv.lab.experiment import Check, Experiment
from plastenv.lab.quantity import quantity

CONFIDENCE = 0.90  # of the interval that is reported and that `interval` asks about
FAR = 100.0  # units beyond which a margin is not told
TINY = 1e-12  # of any quantity
ERRORS = 2.0  # standard errors that a mean has to lie above 0 to be more than chance


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check."""

    name: str
    passed: bool
    required: bool
    quantity: str
    mean: float  # over seeds; NaN = not measurable
    low: float  # of the 90 % confidence interval; NaN with a single seed
    high: float
    bound: str  # what the mean is compared with, such as ">= 0.3 x contrast (0.42)"; the number is the product
    detail: str  # why the check fails; empty where it passes
    margin: float = math.nan  # distance from failing, below 0 where it fails; NaN = it cannot be told


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What came of one study."""

    id: str
    title: str
    group: str
    cluster: str
    sealed: bool
    circular: bool
    passed: bool | None  # None = not covered
    values: dict[str, np.ndarray]  # "arm@readout" -> (seeds,)
    checks: list[CheckResult]
    not_covered: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of computing

    @property
    def margin(self) -> float:
        """That of the required check that comes closest to failing; NaN where one cannot be told or there is none."""
        margins = [check.margin for check in self.checks if check.required]
        return float(np.min(margins)) if margins else math.nan


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Mean over seeds, its standard error and 90 % confidence interval; NaN where one seed cannot tell."""

    mean: float
    error: float
    low: float
    high: float
    spread: float  # from seed to seed, SD

    @property
    def present(self) -> bool:
        """Whether the mean is above 0 by more than chance."""
        return self.mean > ERRORS * self.error


def _estimate(sample: np.ndarray, constant: bool) -> _Estimate:
    """Estimate the mean of `sample`, (seeds,); what is `constant` by its definition has no error."""
    mean, seeds = float(np.mean(sample)), len(sample)
    if constant:
        return _Estimate(mean, 0.0, mean, mean, 0.0)
    if seeds < 2 or not math.isfinite(mean):
        return _Estimate(mean, math.nan, math.nan, math.nan, math.nan)
    spread = float(np.std(sample, ddof=1))
    error = spread / math.sqrt(seeds)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, seeds - 1)) * error
    return _Estimate(mean, error, mean - reach, mean + reach, spread)


def passed(results: Sequence[CheckResult]) -> bool | None:
    """Return whether all required checks passed; None = there is none, the study is not covered."""
    required = [result.passed for result in results if result.required]
    return all(required) if required else None


def evaluate(experiment: Experiment, values: Mapping[str, np.ndarray]) -> list[CheckResult]:
    """Return what comes of the experiment's checks, in their order, from `values` of "arm@readout", (seeds,) each.

    Raises ValueError if an arm and read-out that a check needs is missing or the numbers of seeds differ.
    """
    lengths = {key: np.shape(value) for key, value in values.items()}
    if any(len(shape) != 1 or shape[0] == 0 for shape in lengths.values()) or len(set(lengths.values())) > 1:
        raise ValueError(f"{experiment.id}: values have the shapes {lengths}, expected (seeds,) for all alike")
    return [_result(check, experiment, values) for check in experiment.checks]


def _result(check: Check, experiment: Experiment, values: Mapping[str, np.ndarray]) -> CheckResult:
    readouts = list(experiment.readouts)
    lost: list[str] = []
    estimates = []
    for text in (check.quantity, check.of if check.of is not None else "1"):
        formula = quantity(text)
        for key in dict.fromkeys(term.key(readouts) for term in formula.terms):
            if key not in values:
                raise ValueError(f"{experiment.id}: check '{check.name}' needs {key}, which has no value")
            seeds, bad = len(values[key]), int(np.sum(~np.isfinite(values[key])))
            if bad:
                lost.append(f"{key} has no finite value in {bad} of {seeds} seeds")
        estimates.append(_estimate(formula.over(values, readouts), constant=not formula.terms))
    amount, contrast = estimates
    if lost:
        nothing = math.nan
        detail = f"not measurable: {'; '.join(dict.fromkeys(lost))}"
        return CheckResult(
            check.name, False, check.required, check.quantity, nothing, nothing, nothing, _bound(check, nothing), detail
        )
    reasons = _contrast_reasons(check, contrast) + _reasons(check, amount, contrast.mean)
    return CheckResult(
        check.name,
        not reasons,
        check.required,
        check.quantity,
        amount.mean,
        amount.low,
        amount.high,
        _bound(check, contrast.mean),
        "; ".join(reasons),
        min(_margins(check, amount, contrast)),
    )


def _margins(check: Check, amount: _Estimate, contrast: _Estimate) -> list[float]:
    """Return how far each part of a check is from failing, in the unit that suits it; NaN with a single seed.

    That is the bound or the spread from seed to seed, whichever is more, for at_least; the bound for within; half the
    width for between; the spread for what must be more than chance.
    """
    margins = [] if check.of is None else [_above_chance(contrast)]
    if check.at_least is not None:
        limit = check.at_least * contrast.mean
        margins.append(_over(amount.mean - limit, max(abs(limit), amount.spread)))
        if check.significant and check.at_least >= 0:
            margins.append(_above_chance(amount))
    elif check.within is not None:
        limit = check.within * contrast.mean
        margins.append(_over(limit - abs(amount.mean), abs(limit)))
        if check.interval is not None:
            wider = check.interval * limit
            margins.append(_over(wider - max(abs(amount.low), abs(amount.high)), abs(wider)))
    elif check.between is not None:
        low, high = (limit * contrast.mean for limit in check.between)
        margins.append(_over(min(amount.mean - low, high - amount.mean), abs(high - low) / 2))
    return margins if not any(math.isnan(margin) for margin in margins) else [math.nan]


def _above_chance(estimate: _Estimate) -> float:
    return _over(estimate.mean - ERRORS * estimate.error, estimate.spread)


def _over(distance: float, unit: float) -> float:
    """Return a distance in a unit, at most `FAR` of them."""
    return float(np.clip(distance / max(unit, TINY), -FAR, FAR))


def _bound(check: Check, contrast: float) -> str:
    """Return what the mean is compared with, in words; `contrast` is the mean of `of`."""
    limits = [limit for limit in (check.at_least, check.within, *(check.between or ())) if limit is not None]
    sign = ">= " if check.at_least is not None else "within ±" if check.within is not None else ""
    asked = sign + " to ".join(f"{limit:.3g}" for limit in limits)
    if check.of is None:
        return asked
    if not math.isfinite(contrast):
        return f"{asked} x contrast"
    plus_minus = "±" if check.within is not None else ""
    return f"{asked} x contrast ({plus_minus}{' to '.join(f'{limit * contrast:.3g}' for limit in limits)})"


def _chance(estimate: _Estimate, what: str) -> str:
    """Say why the mean of `what` may be nothing but chance."""
    if math.isnan(estimate.error):
        return f"one seed cannot show that {what} ({estimate.mean:.3g}) is more than chance"
    return f"{what} ({estimate.mean:.3g}) is not above 0 by more than 2 SE ({ERRORS * estimate.error:.2g})"


def _contrast_reasons(check: Check, contrast: _Estimate) -> list[str]:
    if check.of is None or contrast.present:
        return []
    return [f"the contrast is not there: {_chance(contrast, 'its mean')}"]


def _reasons(check: Check, amount: _Estimate, contrast: float) -> list[str]:
    """Return why the check fails; `contrast` is the mean of `of`, 1 without one."""
    reasons = []
    if check.at_least is not None:
        limit = check.at_least * contrast
        if amount.mean < limit:
            reasons.append(f"{amount.mean:.3g} is below {limit:.3g}")
        if check.significant and check.at_least >= 0 and not amount.present:
            reasons.append(_chance(amount, "the mean"))
    elif check.within is not None:
        limit = check.within * contrast
        if not abs(amount.mean) <= limit:
            reasons.append(f"{amount.mean:.3g} is outside ±{limit:.3g}")
        if check.interval is not None:
            reasons += _interval_reasons(amount, check.interval * limit)
    elif check.between is not None:
        low, high = (limit * contrast for limit in check.between)
        if not low <= amount.mean <= high:
            reasons.append(f"{amount.mean:.3g} is outside {low:.3g} to {high:.3g}")
    return reasons


def _interval_reasons(amount: _Estimate, limit: float) -> list[str]:
    if math.isnan(amount.error):
        return ["one seed has no confidence interval"]
    if max(abs(amount.low), abs(amount.high)) <= limit:
        return []
    return [f"the 90 % interval {amount.low:.3g} to {amount.high:.3g} is not inside ±{limit:.3g}"]
