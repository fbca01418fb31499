"""Golden for ScoreFitTests: NumPy's least squares on drawn scores, Student's quantiles by quadrature.

Usage: make_fits.py OUT.json"""
import json
import sys

import numpy as np

nodes, weights = np.polynomial.legendre.leggauss(400)


def central(t, freedom):
    """P(|T| <= t): with t = sqrt(freedom) tan(a) the density is cos(a)^(freedom - 1)."""
    def integral(end):
        return end / 2 * np.sum(weights * np.cos(end / 2 * (nodes + 1)) ** (freedom - 1))

    return integral(np.arctan(t / np.sqrt(freedom))) / integral(np.pi / 2)


def quantile(freedom):
    low, high = 0.0, 100.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if central(middle, freedom) < 0.95 else (low, middle)
    return low


assert abs(quantile(1) - 12.706204736) < 1e-8 and abs(quantile(10) - 2.228138852) < 1e-8
random = np.random.default_rng(20260301)
cases = []
for rows, slope in [(3, 0.8), (4, 0.8), (5, 1.1), (6, -0.4), (12, 0.9), (40, 0.7), (41, 0.0)]:
    local = np.round(random.uniform(0.94, 0.98, rows), 4)
    board = np.round(0.95 + slope * (local - 0.96) + random.normal(0, 0.002, rows), 4)
    # Centred: at 0.96 ± 0.01 the plain design matrix costs three digits.
    design = np.stack([local - local.mean(), np.ones(rows)], axis=1)
    (fitted, centre), squares, rank, _ = np.linalg.lstsq(design, board, rcond=None)
    assert rank == 2
    error = np.sqrt(squares[0] / (rows - 2))
    covariance = error**2 * np.linalg.inv(design.T @ design)
    offset = centre - fitted * local.mean()
    # The offset is (-mean, 1) times the centred coefficients.
    back = np.array([-local.mean(), 1])
    spread = quantile(rows - 2) * np.sqrt([covariance[0, 0], back @ covariance @ back])
    cases.append({
        "local": local.tolist(), "public": board.tolist(), "slope": fitted, "offset": offset, "residual_error": error,
        "slope_interval": [fitted - spread[0], fitted + spread[0]],
        "offset_interval": [offset - spread[1], offset + spread[1]],
        "visible_public_difference": 1.96 * np.sqrt(2) * error,
        "visible_local_difference": 1.96 * np.sqrt(2) * error / fitted if fitted > 0 else None,
    })
golden = {"numpy": np.__version__, "cases": cases}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
    file.write("\n")
