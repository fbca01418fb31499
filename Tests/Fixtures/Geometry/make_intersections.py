"""Areas that random pairs of simple polygons share, by shapely.

    python make_intersections.py OUTPUT.json
"""
import json
import math
import random
import sys

import shapely
from shapely.geometry import Polygon


def star(rng, corners, size, digits):
    """A simple polygon around the origin, concave in general."""
    angles = sorted(rng.uniform(0, 2 * math.pi) for _ in range(corners))
    return [(round(math.cos(a) * r, digits), round(math.sin(a) * r, digits))
            for a in angles for r in [size * rng.uniform(.2, 1)]]


def rectangle(rng, size, digits):
    w, h, a = size * rng.uniform(.05, 1), size * rng.uniform(.05, 1), rng.uniform(0, math.pi)
    return [(round(x * w * math.cos(a) - y * h * math.sin(a), digits),
             round(x * w * math.sin(a) + y * h * math.cos(a), digits))
            for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def upright(rng, size, digits):
    w, h = round(size * rng.uniform(.1, 1), digits), round(size * rng.uniform(.1, 1), digits)
    return [(-w, -h), (w, -h), (w, h), (-w, h)]


def with_collinear(rng, points):
    """Midpoints added to some edges, and a repeated corner."""
    result = []
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        result.append((x0, y0))
        if rng.random() < .5:
            result.append(((x0 + x1) / 2, (y0 + y1) / 2))
        if rng.random() < .2:
            result.append((x1, y1))
    return result


def shape(rng, digits):
    size = 10 ** rng.uniform(0, 3)
    kind = rng.randrange(4)
    points = (star(rng, rng.randint(3, 12), size, digits) if kind < 2
              else rectangle(rng, size, digits) if kind == 2 else upright(rng, size, digits))
    if rng.random() < .3:
        points = with_collinear(rng, points)
    if rng.random() < .5:
        points = points[::-1]
    turn = rng.randrange(len(points))
    return points[turn:] + points[:turn], size


def main():
    rng = random.Random(20240607)
    cases = []
    while len(cases) < 600:
        digits = rng.choice((0, 0, 3))
        (a, size), (b, _) = shape(rng, digits), shape(rng, digits)
        if rng.random() < .1:
            b = a[::-1]
        offset = rng.choice((0, 0, 1000, 1 << 20))
        dx, dy = (round(size * rng.uniform(-1, 1), digits) for _ in "xy")
        a = [(x + offset, y + offset) for x, y in a]
        b = [(x + offset + dx, y + offset + dy) for x, y in b]
        p, q = Polygon(a), Polygon(b)
        if not (p.is_valid and q.is_valid and p.area > 0 and q.area > 0):
            continue
        shared = p.intersection(q).area
        if shared == 0 and rng.random() < .8:
            continue
        cases.append({"a": a, "b": b, "intersection": shared, "iou": shared / (p.area + q.area - shared)})
    with open(sys.argv[1], "w") as file:
        file.write('{"made_by": "shapely %s", "cases": [\n' % shapely.__version__)
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")


main()
