"""Corners of convex hulls in Qhull's order, by scipy.

    python make_hulls.py OUTPUT.json [CASES]
"""
import json
import random
import sys

import numpy as np
import scipy
from scipy.spatial import ConvexHull, QhullError


def points(rng):
    size = rng.choice((2, 3, 5, 10, 50, 1000))
    kind = rng.random()
    if kind < .35:
        w, h, x, y = rng.randint(1, size), rng.randint(1, size), rng.randint(-9, 500), rng.randint(-9, 500)
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
        if rng.random() < .5:
            corners.reverse()
        turn = rng.randrange(4)
        corners = corners[turn:] + corners[:turn]
        if kind < .1:
            corners = [p for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1])
                       for p in ((x0, y0), ((x0 + x1) // 2, (y0 + y1) // 2))]
        return corners
    if kind < .4:
        return [(round(rng.uniform(0, size), 2), round(rng.uniform(0, size), 2)) for _ in range(rng.randint(3, 12))]
    return [(rng.randint(0, size), rng.randint(0, size)) for _ in range(rng.choice((3, 4, 4, 4, 5, 6, 8, 12, 20)))]


def corners(case):
    try:
        return ConvexHull(np.array(case, np.float32)).vertices.tolist()
    except QhullError:
        return None


def main():
    rng = random.Random(77)
    cases = [points(rng) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1500)]
    with open(sys.argv[1], "w") as file:
        file.write('{"made_by": "scipy %s", "cases": [\n' % scipy.__version__)
        file.write(",\n".join(json.dumps({"points": c, "corners": corners(c)}, separators=(",", ":")) for c in cases))
        file.write("\n]}\n")


main()
