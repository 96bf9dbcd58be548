import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plastenv.lab.checks import FAR, CheckResult, StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment
from plastenv.lab.quantity import Quantity, Term, quantity

ARMS = ("drug", "vehicle", "naive")
STEADY = np.array([1.0, 1.2, 0.8, 1.1, 0.9, 1.0])  # mean 1, SE 0.058
NOISY = np.array([1.0, -3.0, 5.0, -1.0, 3.0, 1.0])  # mean 1, SE 1.15
NOTHING = np.zeros(6)


def study(*checks: dict, readouts: tuple[str, ...] = ("test",)) -> Experiment:
    return Experiment.model_validate(
        {
            "id": "study", "title": "t", "citation": "c", "group": "g", "rows": [1], "system": "s",
            "confidence": "high", "published": "p", "preparation": {"kind": "animal"},
            "arms": {name: {} for name in ARMS},
            "readouts": {name: {"measure": "recovery", "at": "1 d"} for name in readouts},
            "checks": [{"name": f"check {k}", **check} for k, check in enumerate(checks)],
        }
    )  # fmt: skip


def result(drug, vehicle=NOTHING, **check) -> CheckResult:
    naive = np.ones(len(drug))
    values = {"drug@test": np.array(drug), "vehicle@test": np.array(vehicle), "naive@test": naive}
    return evaluate(study({"quantity": "drug - vehicle", **check}), values)[0]


CASES = {  # drug, what is asked, whether it passes, what bound and detail say
    "well above": (STEADY, {"at_least": 0.5}, True, ">= 0.5", ""),
    "just there": (STEADY, {"at_least": float(np.mean(STEADY))}, True, ">= 1", ""),
    "below": (STEADY, {"at_least": 1.5}, False, ">= 1.5", "1 is below 1.5"),
    "not significant": (NOISY, {"at_least": 0.5}, False, ">= 0.5", "not above 0 by more than 2 SE (2.3)"),
    "significance not asked": (NOISY, {"at_least": 0.5, "significant": False}, True, ">= 0.5", ""),
    "nothing is not more than zero": (NOTHING, {"at_least": 0}, False, ">= 0", "not above 0"),
    "negative bound needs no significance": (NOISY - 1, {"at_least": -0.5}, True, ">= -0.5", ""),
    "below a negative bound": (STEADY - 3, {"at_least": -0.5}, False, ">= -0.5", "-2 is below -0.5"),
    "a multiple of a contrast": (STEADY, {"at_least": 0.3, "of": "2 * naive"}, True, ">= 0.3 x contrast (0.6)", ""),
    "less than the multiple": (STEADY, {"at_least": 0.6, "of": "2 * naive"}, False, ">= 0.6 x contrast (1.2)", "below"),
    "no contrast": (STEADY, {"at_least": 0.1, "of": "vehicle"}, False, ">= 0.1 x contrast (0)", "is not there"),
    "a contrast that is noise": (NOISY, {"within": 2.0, "of": "drug"}, False, "within ±2 x contrast (±2)", "not there"),
    "a contrast of the wrong sign": (-STEADY, {"within": 3.0, "of": "drug"}, False, "within ±3", "is not there"),
    "within": (STEADY - 1, {"within": 0.1}, True, "within ±0.1", ""),
    "beyond": (STEADY - 2, {"within": 0.1}, False, "within ±0.1", "-1 is outside ±0.1"),
    "within nothing": (NOTHING, {"within": 0}, True, "within ±0", ""),
    "mean within, interval beyond": (NOISY - 1, {"within": 0.5, "interval": 1.5}, False, "within ±0.5",
                                     "the 90 % interval -2.33 to 2.33 is not inside ±0.75"),
    "interval beyond on one side": (NOISY - 2, {"within": 1, "interval": 3}, False, "within ±1",
                                    "the 90 % interval -3.33 to 1.33 is not inside ±3"),
    "interval within": (STEADY - 1, {"within": 0.1, "interval": 1.5}, True, "within ±0.1", ""),
    "within a share": (STEADY - 0.9, {"within": 0.2, "of": "naive"}, True, "within ±0.2 x contrast (±0.2)", ""),
    "between": (STEADY, {"between": [0.5, 1.6]}, True, "0.5 to 1.6", ""),
    "above between": (STEADY + 1, {"between": [0.5, 1.6]}, False, "0.5 to 1.6", "2 is outside 0.5 to 1.6"),
    "between shares": (STEADY, {"between": [0.4, 0.6], "of": "2 * naive"}, True, "0.4 to 0.6 x contrast (0.8 to", ""),
    "outside shares": (STEADY, {"between": [0.6, 0.9], "of": "2 * naive"}, False, "0.6 to 0.9 x", "outside 1.2"),
    "a constant contrast": (STEADY, {"at_least": 1.0, "of": "0.5"}, True, ">= 1 x contrast (0.5)", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_checks_pass_and_fail_as_they_say(case):
    drug, asked, passes, bound, detail = CASES[case]
    found = result(drug, **asked)
    assert found.passed == passes, found
    assert bound in found.bound and found.mean == pytest.approx(np.mean(drug))
    assert detail in found.detail and bool(found.detail) != found.passed, found.detail


def test_the_interval_is_students_at_90_percent():
    found = result(NOISY, within=1)
    expected = stats.ttest_1samp(NOISY, 0.0).confidence_interval(0.90)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_the_same_in_every_seed_is_more_than_chance():
    found = result(np.full(6, 0.3), at_least=0.3)
    assert found.passed and found.low == found.high == found.mean == 0.3


@pytest.mark.parametrize(
    ("asked", "passes", "detail"),
    [
        ({"at_least": 0.1}, False, "one seed cannot show that the mean (1) is more than chance"),
        ({"at_least": 0.1, "significant": False}, True, ""),
        ({"at_least": -0.1}, True, ""),
        ({"within": 2}, True, ""),
        ({"within": 2, "interval": 1}, False, "one seed has no confidence interval"),
        ({"within": 2, "of": "naive"}, False, "the contrast is not there: one seed cannot show"),
        ({"between": [0.5, 2], "of": "1"}, True, ""),
    ],
)
def test_one_seed_shows_no_significance(asked, passes, detail):
    found = result([1.0], [0.0], **asked)
    assert found.passed == passes and detail in found.detail and found.mean == 1.0
    assert math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("asked", [{"at_least": -9.0}, {"within": 9.0}, {"between": [-9, 9]}])
def test_what_is_not_finite_is_not_measurable(bad, asked):
    spoiled = STEADY.copy()
    spoiled[2] = bad
    for found in (result(spoiled, **asked), result(STEADY, **asked, of="naive - vehicle", vehicle=spoiled)):
        assert not found.passed and math.isnan(found.mean) and math.isnan(found.low)
        assert found.detail.startswith("not measurable: ") and "in 1 of 6 seeds" in found.detail
    assert "drug@test" in result(spoiled, **asked).detail


def test_what_is_not_measurable_spoils_only_the_checks_that_need_it():
    values = {"drug@test": STEADY, "vehicle@test": np.full(6, np.nan), "naive@test": STEADY}
    experiment = study({"quantity": "drug", "at_least": 0.1}, {"quantity": "drug - vehicle", "at_least": 0.1})
    assert [found.passed for found in evaluate(experiment, values)] == [True, False]


def test_statistics_are_paired_over_seeds():
    rng = np.random.default_rng(0)
    common = rng.normal(0.0, 5.0, 12)
    drug, vehicle = common + 1.0 + rng.normal(0.0, 0.1, 12), common
    assert result(drug, vehicle, at_least=0.5).passed
    assert not result(drug, vehicle[::-1], at_least=0.5).passed


def test_results_carry_what_the_report_shows():
    experiment = study(
        {"quantity": "drug@b - vehicle@a", "at_least": 0.1, "name": "first", "required": False},
        {"quantity": "drug@a", "within": 3},
        readouts=("a", "b"),
    )
    values = {f"{arm}@{readout}": k + STEADY for k, arm in enumerate(ARMS) for readout in "ab"}
    first, second = evaluate(experiment, values)
    assert (first.name, first.required, first.quantity) == ("first", False, "drug@b - vehicle@a")
    assert first.mean == pytest.approx(-1.0) and second.mean == pytest.approx(1.0) and second.required


def test_a_study_passes_with_all_required_checks_and_is_not_covered_without_any():
    def made(ok: bool, required: bool) -> CheckResult:
        return CheckResult("c", ok, required, "q", 0.0, 0.0, 0.0, "b", "")

    assert passed([made(True, True), made(False, False)]) is True
    assert passed([made(True, True), made(False, True)]) is False
    assert passed([made(True, False)]) is None and passed([]) is None


def test_values_that_are_missing_or_of_other_shapes_are_refused():
    experiment = study({"quantity": "drug - vehicle", "at_least": 0})
    with pytest.raises(ValueError, match="'check 0' needs vehicle@test"):
        evaluate(experiment, {"drug@test": STEADY})
    for other in (STEADY[:3], STEADY[:, None], np.float64(1.0), STEADY[:0]):
        with pytest.raises(ValueError, match=r"expected \(seeds,\) for all alike"):
            evaluate(experiment, {"drug@test": STEADY, "vehicle@test": other})


NUMBERS = st.floats(-1e3, 1e3).map(lambda x: round(x, 4))
TERMS = st.lists(
    st.one_of(
        NUMBERS.map(lambda x: (x, None, None)),
        st.tuples(NUMBERS, st.sampled_from(ARMS), st.sampled_from(("a", "pr-LTM", "7"))),
    ),
    min_size=1,
    max_size=6,
)


@given(TERMS, st.lists(st.sampled_from("+-"), min_size=6, max_size=6), st.booleans())
def test_a_quantity_is_the_sum_that_it_writes(terms, signs, bare):
    rng = np.random.default_rng(1)
    values = {f"{arm}@{readout}": rng.normal(size=3) for arm in ARMS for readout in ("a", "pr-LTM", "7")}
    text, expected = "", np.zeros(3)
    for k, ((factor, arm, readout), sign) in enumerate(zip(terms, signs, strict=False)):
        written = f"{factor!r}" if arm is None else f"{factor!r} * {arm}@{readout}"
        if arm is not None and bare:
            written, factor = f"{arm}@{readout}", 1.0
        text += f" {sign} {written}" if k else written
        one = -1.0 if k and sign == "-" else 1.0
        expected += one * factor * (1.0 if arm is None else values[f"{arm}@{readout}"])
    assert quantity(text).over(values, ["a", "pr-LTM", "7"]) == pytest.approx(expected)


def test_quantities_are_read_into_terms():
    assert quantity(" 2 * drug@pr-LTM  -  0.5 - naive + 3 ") == Quantity(
        (Term(2.0, "drug", "pr-LTM"), Term(-1.0, "naive", None)), 2.5
    )
    assert quantity("-1 * drug - -2") == Quantity((Term(-1.0, "drug", None),), 2.0)
    assert quantity("1").over({"drug@test": STEADY}, ["test"]).tolist() == [1.0] * 6


@pytest.mark.parametrize(
    "text", ["", " ", "drug@", "@test", "drug@a@b", "drug -vehicle", "drug- vehicle", "drug-vehicle", "drug + ",
             "+ drug", "- drug", "-drug", "drug * 2", "2 drug", "2*drug", "drug / vehicle", "drug * vehicle", "2 * 3",
             "(drug)", "Drug", "drug + + vehicle", "drug@a b", "drug@pr–LTM", "1e999", "1e999 * drug"],
)  # fmt: skip
def test_what_is_no_linear_quantity_is_refused(text):
    with pytest.raises(ValueError, match="is no term; expected terms such as|expected finite numbers"):
        quantity(text)


SAMPLES = st.lists(st.floats(-10, 10), min_size=2, max_size=8).map(np.array)


def told(drug, asked) -> bool:
    """Say anew, from the definition, whether a check with the contrast `naive` = 1 in all seeds passes."""
    mean, error = np.mean(drug), np.std(drug, ddof=1) / np.sqrt(len(drug))
    if "at_least" in asked:
        x = asked["at_least"]
        return bool(mean >= x and (x < 0 or mean > max(0.0, 2 * error)))
    if "within" in asked:
        return bool(abs(mean) <= asked["within"])
    low, high = asked["between"]
    return bool(low <= mean <= high)


ASKED = st.one_of(
    st.fixed_dictionaries({"at_least": st.floats(-2, 2)}),
    st.fixed_dictionaries({"within": st.floats(0, 5)}),
    st.tuples(st.floats(-5, 0), st.floats(0.1, 5)).map(lambda bounds: {"between": list(bounds)}),
)


@given(SAMPLES, ASKED)
def test_checks_follow_their_definition(drug, asked):
    assert result(drug, np.zeros(len(drug)), **asked).passed == told(drug, asked)


@given(SAMPLES, ASKED, st.floats(0.125, 8.0), st.randoms())
def test_units_and_the_order_of_seeds_do_not_matter(drug, asked, unit, random):
    vehicle = np.zeros(len(drug))
    mean, error = float(np.mean(drug)), float(np.std(drug)) / math.sqrt(len(drug) - 1)
    bounds = [b for value in asked.values() for b in (value if isinstance(value, list) else [value, -value])]
    if min(abs(mean - b) for b in [*bounds, 0.0, 2 * error]) < 1e-6:  # at a bound, rounding decides
        return
    plain = result(drug, vehicle, of="naive", **asked)
    scaled = {"quantity": f"{unit!r} * drug", "of": f"{unit!r} * naive"}
    assert result(drug, vehicle, **(scaled | asked)).passed == plain.passed
    order = list(range(len(drug)))
    random.shuffle(order)
    assert result(drug[order], vehicle, of="naive", **asked).passed == plain.passed


@given(SAMPLES, st.floats(0, 5), st.floats(0.1, 2))
def test_a_wider_bound_never_fails_what_a_narrower_one_passes(drug, bound, more):
    vehicle = np.zeros(len(drug))
    for interval in (None, 1.5):
        narrow = result(drug, vehicle, within=bound, interval=interval)
        wide = result(drug, vehicle, within=bound + more, interval=interval)
        assert wide.passed or not narrow.passed
    assert result(drug, vehicle, within=bound).passed or not result(drug, vehicle, within=bound, interval=0.9).passed


MARGINS = {  # drug, what is asked, the margin
    "in bounds, where these are more than the spread": (STEADY, {"at_least": 0.5, "significant": False}, 1.0),
    "in spreads, where these are more": (NOISY, {"at_least": 0.5, "significant": False}, 0.5 / np.std(NOISY, ddof=1)),
    "chance is the nearer": (NOISY, {"at_least": 0.5}, 1.0 / np.std(NOISY, ddof=1) - 2.0 / math.sqrt(6)),
    "half way out": (STEADY - 0.5, {"within": 1.0}, 0.5),
    "in the middle": (STEADY, {"between": [0.5, 1.5]}, 1.0),
    "beyond by a half width": (STEADY + 1, {"between": [0.5, 1.5]}, -1.0),
    "of a contrast": (STEADY, {"between": [0.25, 0.75], "of": "2 * naive"}, 1.0),
    "no contrast": (STEADY, {"within": 3.0, "of": "vehicle"}, -FAR),
    "not measurable": (np.where(STEADY > 1.15, np.nan, STEADY), {"at_least": 0.5}, math.nan),
    "one seed": (STEADY[:1], {"at_least": 0.5}, math.nan),
}


@pytest.mark.parametrize("case", MARGINS)
def test_margins_are_in_the_unit_of_what_is_asked(case):
    drug, asked, margin = MARGINS[case]
    assert result(drug, np.zeros(len(drug)), **asked).margin == pytest.approx(margin, nan_ok=True)


@given(SAMPLES, ASKED, st.sampled_from([None, "naive", "vehicle"]))
def test_a_margin_is_below_zero_where_a_check_fails_and_only_there(drug, asked, of):
    found = result(drug, 0.1 * drug, of=of, **asked)
    assert (found.margin >= 0.0) == found.passed or abs(found.margin) < 1e-9


def test_a_study_is_as_far_from_failing_as_its_nearest_required_check():
    def whole(*margins: tuple[float, bool]) -> StudyResult:
        checks = [CheckResult("c", True, required, "q", 0.0, 0.0, 0.0, "b", "", m) for m, required in margins]
        return StudyResult("s", "t", "g", "c", False, False, True, {}, checks)

    assert whole((0.5, True), (0.2, True), (-1.0, False)).margin == 0.2
    assert math.isnan(whole((0.5, True), (math.nan, True)).margin) and math.isnan(whole((0.5, False)).margin)
