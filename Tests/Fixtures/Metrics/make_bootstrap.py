"""Golden for BootstrapTests: NumPy's means, percentiles and paired differences on SplitMix64's draws.

Usage: make_bootstrap.py OUT.json"""
import json
import sys

import numpy as np


def split_mix(seed, count):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


images, columns, draws = 63, 3, 500
rows = ((split_mix(1, images * columns) >> np.uint64(40)) / 2.0**24).reshape(images, columns)
picks = ((split_mix(7, draws * images) >> np.uint64(32)) * np.uint64(images)) >> np.uint64(32)
means = rows[picks.astype(int).reshape(draws, images)].mean(axis=1)

# Pooled figures of resampled counts: truth, detected, true positives, and the penalties of recall and precision.
counts = (split_mix(3, images * 5) % np.uint64(100)).astype(float).reshape(images, 5) * [1, 1, 0.8, 0.1, 0.1]
sums = counts[picks.astype(int).reshape(draws, images)].sum(axis=1)
recall = np.maximum(0, sums[:, 2] - sums[:, 3]) / sums[:, 0]
precision = np.maximum(0, sums[:, 2] - sums[:, 4]) / sums[:, 1]
hmean = 2 * recall * precision / (recall + precision)

# The second column less the first, some images tied; signs are the bits of the generator with the complement seed.
first, second = rows[:, 0], np.where(np.arange(images) % 5 == 0, rows[:, 0], rows[:, 1] * 0.1 + rows[:, 0] * 0.95)
difference = second - first
resampled = difference[picks.astype(int).reshape(draws, images)].mean(axis=1)
moved = difference[difference != 0]
words = split_mix(~np.uint64(7), draws)
assert len(moved) <= 64
bits = (words[:, None] >> np.arange(len(moved), dtype=np.uint64)) & np.uint64(1)
tossed = (np.where(bits == 0, 1, -1) * moved).sum(axis=1)
golden = {
    "numpy": np.__version__, "rows": rows.tolist(), "means": means.tolist(),
    "low": np.percentile(means, 2.5, axis=0).tolist(), "high": np.percentile(means, 97.5, axis=0).tolist(), "counts": counts.tolist(),
    "pooled": [np.percentile(figure, [2.5, 97.5]).tolist() for figure in (recall, precision, hmean)],
    "second": second.tolist(), "difference": difference.mean(), "interval": np.percentile(resampled, [2.5, 97.5]).tolist(),
    "p": (1 + int((np.abs(tossed) >= abs(moved.sum()) * (1 - 1e-12)).sum())) / (draws + 1),
    "up": int((difference > 0).sum()), "down": int((difference < 0).sum()),
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
