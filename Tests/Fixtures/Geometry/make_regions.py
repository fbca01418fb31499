"""Areas shared by insides of self-crossing polygons, with holes cut out, in exact fractions.

    python make_regions.py OUTPUT.json

Insides follow the even-odd rule. (shapely.make_valid loses some of it where sides of small polygons lie on each other.)
"""
import json
import random
import sys
from fractions import Fraction


def shape(rng, corners):
    size = rng.choice((6, 20, 100))
    if rng.random() < .3:
        x, y, w, h = (rng.randint(0, size) for _ in range(4))
        return [(x, y), (x + w + 1, y), (x + w + 1, y + h + 1), (x, y + h + 1)]
    return [(rng.randint(0, size), rng.randint(0, size)) for _ in range(corners)]


def height(edge, x):
    _, (x0, y0), (x1, y1) = edge
    return y0 + (x - x0) * Fraction(y1 - y0, x1 - x0)


def shared_area(a, b, holes):
    """Cuts the plane into columns at all corners and crossings and adds up the trapezoids inside a and b."""
    polygons = [a, b] + holes
    edges = [(k, *sorted(side)) for k, polygon in enumerate(polygons)
             for side in zip(polygon, polygon[1:] + polygon[:1]) if side[0][0] != side[1][0]]
    cuts = {Fraction(x) for polygon in polygons for x, _ in polygon}
    for i, first in enumerate(edges):
        for second in edges[:i]:
            start, end = max(first[1][0], second[1][0]), min(first[2][0], second[2][0])
            if start < end:
                before, after = (height(first, x) - height(second, x) for x in (start, end))
                if before * after < 0:
                    cuts.add(start + before / (before - after) * (end - start))
    cuts = sorted(cuts)
    area = Fraction(0)
    for start, end in zip(cuts, cuts[1:]):
        middle = (start + end) / 2
        column = sorted((height(e, middle), e) for e in edges if e[1][0] <= middle < e[2][0])
        inside = [False] * len(polygons)
        for (upper, edge), (lower, _) in zip(column, column[1:]):
            inside[edge[0]] = not inside[edge[0]]
            if inside[0] and inside[1] and not any(inside[2:]):
                area += (lower - upper) * (end - start)
    return float(area)


def main():
    rng = random.Random(31)
    cases = []
    while len(cases) < 400:
        a, b = (shape(rng, rng.randint(3, 9)) for _ in "ab")
        holes = [shape(rng, rng.randint(3, 5)) for _ in range(rng.choice((0, 0, 1, 2)))]
        shared = shared_area(a, b, holes)
        if shared > 0 or rng.random() < .1:
            cases.append({"a": a, "b": b, "holes": holes, "shared": shared})
    with open(sys.argv[1], "w") as file:
        file.write('{"made_by": "exact fractions", "cases": [\n')
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")


main()
