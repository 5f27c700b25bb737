import json
import re

import numpy as np
import pytest

from implied_volatility.accelerator.decision import decide, decide_calibration
from implied_volatility.accelerator.evaluation import Judged, by_cell, evaluate, flat
from implied_volatility.arbitrage import violations
from implied_volatility.calibration.recovery import Recovery
from implied_volatility.learning.curve import Point
from implied_volatility.learning.descent import Fit
from implied_volatility.scoring import Score

SCORE = Score(mean=1.23456789, median=0.5, p99=9, worst_cell_mean=5, rmse_points=0.6, r2=0.99)
FIT = Fit([], np.ones(1), np.ones(1), 2.5)
JUDGED = Judged(SCORE, [FIT, FIT, FIT], violations(np.full((1, 8, 11), 0.2)))
NOISE = (0.4, 0.2)
MICROSECONDS = {"alone": 90.0, "batch": 4.0, "simulation": 1e5}


def test_metrics_are_the_same_by_model_and_by_name() -> None:
    made = evaluate(JUDGED, JUDGED, NOISE, MICROSECONDS)
    names = flat(made)
    assert made["network"]["relative_error_mean_percent"] == names["relative_error_mean_percent"] == 1.23457
    assert made["paper"]["training_seconds"] == names["paper_training_seconds"] == 7.5
    assert (names["networks"], names["butterfly_violations_percent"]) == (3, 0)
    assert names["noise_median_percent"] == 0.2
    assert names["error_over_noise"] == pytest.approx(1.23457 / 0.4, rel=1e-5)
    assert len(names) == sum(map(len, made.values()))
    assert len(json.dumps(names, allow_nan=False)) < 2000


def test_exact_labels_have_no_noise_to_compare_with() -> None:
    assert "error_over_noise" not in flat(evaluate(JUDGED, JUDGED, (0.0, 0.0), MICROSECONDS))


def test_a_metric_that_is_no_number_is_named() -> None:
    wrong = JUDGED._replace(score=SCORE._replace(r2=float("nan")))
    with pytest.raises(ValueError, match="r2 of the paper is nan"):
        evaluate(JUDGED, wrong, NOISE, MICROSECONDS)


def test_each_cell_with_a_number_has_a_metric_that_mlflow_allows() -> None:
    values = np.arange(88.0).reshape(8, 11)
    values[0, 0] = np.nan
    made = by_cell("relative_error_percent", values)
    assert len(made) == 87
    assert made["relative_error_percent/T0.1_K0.6"] == 1
    assert made["relative_error_percent/T2_K1.5"] == 87
    assert all(re.fullmatch(r"[\w.\- /]+", name) for name in made)


def decided(**changed: float) -> dict[str, bool]:
    made = evaluate(JUDGED, JUDGED, NOISE, MICROSECONDS)
    points = [Point(rows, SCORE._replace(mean=error), SCORE) for rows, error in ((64, 2.0), (128, 1.0))]
    lines = decide({**flat(made), **changed}, np.full((8, 11), 0.4), points)
    return {line.question: line.good for line in lines}


def test_more_is_asked_of_a_network_that_has_learnt_exact_labels() -> None:
    assert decided(relative_error_mean_percent=0.2, noise_mean_percent=0.1)["mean error"]
    assert not decided(relative_error_mean_percent=0.2, noise_mean_percent=0)["mean error"]


def test_the_decision_is_by_the_numbers_of_the_run() -> None:
    bad, good = decided(), decided(relative_error_mean_percent=0.2)
    assert (bad["mean error"], good["mean error"]) == (False, True)
    assert (bad["mean error, paper's over ours"], good["mean error, paper's over ours"]) == (False, True)
    assert not decided(calendar_violations_beyond_noise_percent=0.2)["butterfly, calendar violations beyond noise"]
    assert bad["a surface alone"]
    assert "mean error over the noise of the test" not in decided(noise_mean_percent=0)
    # Twice the rows, half the error: more rows would help.
    assert not bad["gain of the last doubling of rows"]


def test_the_decision_on_calibration_is_by_the_parameter_whose_stated_errors_are_worst() -> None:
    nu = Recovery("nu", "ν", 0.0, 0.0, 0.1, 0.1, 0.02, 0.1, within_two=0.8, at_bound=0.0)
    edge = nu._replace(name="rho", symbol="ρ", within_two=float("nan"))
    bad = decide_calibration([nu, nu._replace(symbol="H", within_two=0.95), edge], noises=4.0, milliseconds=5.0)
    assert [(line.found, line.good) for line in bad] == [("ν: 80 %", False), ("4 noises", False), ("5 ms", True)]
    assert [line.good for line in decide_calibration([edge], float("nan"), 30.0)] == [False]
