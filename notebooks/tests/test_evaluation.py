import json

import numpy as np
import pytest

from implied_volatility.accelerator.evaluation import evaluate, flat
from implied_volatility.learning.descent import Fit
from implied_volatility.scoring import Score

SCORE = Score(mean=1.23456789, median=0.5, p99=9, worst_cell_mean=5, rmse_points=0.6, r2=0.99)
FIT = Fit(None, np.ones(1), np.ones(1), 2.5)


def test_metrics_are_the_same_by_model_and_by_name() -> None:
    made = evaluate(SCORE, FIT, 3.0, SCORE, FIT, (0.4, 0.2))
    names = flat(made)
    assert made["network"]["relative_error_mean_percent"] == names["relative_error_mean_percent"] == 1.23457
    assert made["paper"]["training_seconds"] == names["paper_training_seconds"] == 2.5
    assert names["noise_median_percent"] == 0.2
    assert len(names) == sum(map(len, made.values()))
    json.dumps(names, allow_nan=False)


def test_a_metric_that_is_no_number_is_named() -> None:
    with pytest.raises(ValueError, match="r2 of the paper is nan"):
        evaluate(SCORE, FIT, 3.0, SCORE._replace(r2=float("nan")), FIT, (0.4, 0.2))
