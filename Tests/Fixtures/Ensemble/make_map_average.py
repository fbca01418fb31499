"""Goldens of map averaging, by NumPy's weighted mean in float64.

    python make_map_average.py > map_average.json
"""
import json

import numpy as np

random = np.random.default_rng(20)
cases = []
for count, shape, weights in [(1, (2, 3), [1]), (3, (5, 7), [1, 1, 1]), (4, (6, 4), [0.5, 2, 0, 1.25])]:
    maps = random.random((count, *shape), dtype=np.float32)
    mean = np.average(maps.astype(np.float64), axis=0, weights=weights).astype(np.float32)
    cases.append({"height": shape[0], "width": shape[1], "weights": weights,
                  "maps": [m.ravel().tolist() for m in maps], "mean": mean.ravel().tolist()})
print(json.dumps({"made_by": f"numpy {np.__version__}", "cases": cases}))
