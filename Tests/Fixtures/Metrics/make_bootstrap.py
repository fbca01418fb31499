"""Golden for BootstrapTests: NumPy's means and percentiles on SplitMix64's draws. Usage: make_bootstrap.py OUT.json"""
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
golden = {
    "numpy": np.__version__, "rows": rows.tolist(), "means": means.tolist(),
    "low": np.percentile(means, 2.5, axis=0).tolist(), "high": np.percentile(means, 97.5, axis=0).tolist(),
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
