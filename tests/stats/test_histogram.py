"""Latencies in bins of equal ratio."""

import json
import math

import numpy as np
import pytest

from lab.stats.histogram import BINS, Histogram, bin_of, edge_s

LATENCIES = np.random.default_rng(1).lognormal(-2, 0.6, 5_000)


def test_edges_run_from_ten_microseconds_to_a_thousand_seconds() -> None:
    assert edge_s([0, 250, 500, BINS]) == pytest.approx([1e-5, 1e-4, 1e-3, 1e3])


def test_an_edge_belongs_to_the_bin_above_it() -> None:
    assert (bin_of(edge_s(np.arange(BINS))) == np.arange(BINS)).all()


def test_what_is_out_of_range_goes_to_the_end_bins() -> None:
    assert bin_of([0.0, 1e-7, 1e3, 1e9, math.inf]).tolist() == [0, 0, BINS - 1, BINS - 1, BINS - 1]


def test_a_negative_latency_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A latency is -0\.5 s, must be 0 or more\."):
        Histogram.of([0.1, -0.5])
    with pytest.raises(ValueError, match="A latency is nan s"):
        Histogram.of([math.nan])


@pytest.mark.parametrize("q", [0.01, 0.5, 0.95, 0.999])
def test_quantiles_are_right_to_the_width_of_a_bin(q: float) -> None:
    assert Histogram.of(LATENCIES).quantile(q) == pytest.approx(float(np.quantile(LATENCIES, q)), rel=0.012)


def test_an_empty_histogram_has_no_quantile() -> None:
    assert math.isnan(Histogram().quantile(0.5))


def test_merging_is_adding_the_latencies() -> None:
    assert Histogram.of(LATENCIES[:1000]).merge(Histogram.of(LATENCIES[1000:])) == Histogram.of(LATENCIES)
    assert Histogram.of(LATENCIES[:1000]).add(LATENCIES[1000:]) == Histogram.of(LATENCIES)


def test_exceedances_are_bounded_by_the_bin_of_the_limit() -> None:
    surely, possibly = Histogram.of(LATENCIES).above(0.2)

    assert surely <= (LATENCIES > 0.2).sum() <= possibly
    assert possibly - surely == (bin_of(LATENCIES) == bin_of(0.2)).sum()


def test_json_holds_only_the_filled_bins() -> None:
    histogram = Histogram.of([0.1, 0.1, 2.0])

    said = json.loads(json.dumps(histogram.to_json()))

    assert len(said["bins"]) == 2
    assert Histogram.from_json(said) == histogram
    assert hash(Histogram.from_json(said)) == hash(histogram)
