"""Random maps and what the reference makes of them.

    python make_goldens.py REFERENCE_FOLDER

REFERENCE_FOLDER holds dbref.py. Writes random_maps.json beside this script: each map as 8-bit levels (probability =
level / 255 in float32, base64), and for each setting the polygons and scores of dbref.detect.
"""
import base64
import json
import os
import sys

import cv2
import numpy as np

sys.path.insert(0, sys.argv[1])
import dbref  # noqa: E402

SETTINGS = [
    dict(thresh=0.3, box_thresh=0.5, polygon=False),
    dict(thresh=0.22, box_thresh=0.0, polygon=True),
    dict(thresh=0.4, box_thresh=0.3, polygon=False, unclip_ratio=2.5, min_size=1, max_candidates=9),
    dict(thresh=0.3, box_thresh=0.2, polygon=True, unclip_ratio=1.2, min_size=0, max_candidates=30),
    dict(thresh=0.35, box_thresh=0.1, polygon=True, unclip_ratio=4.0),
]


def words(rng, w, h, count, slant):
    levels = np.zeros((h, w), np.float32)
    for _ in range(count):
        size = (float(rng.uniform(10, w / 2)), float(rng.uniform(3, 16)))
        box = ((float(rng.uniform(0, w)), float(rng.uniform(0, h))), size, float(rng.uniform(-slant, slant)))
        corners = np.round(cv2.boxPoints(box)).astype(np.int32)
        layer = np.zeros((h, w), np.float32)
        cv2.fillPoly(layer, [corners], float(rng.uniform(90, 255)))
        levels = np.maximum(levels, cv2.GaussianBlur(layer, (5, 5), 0))
    return np.clip(levels + rng.normal(0, 12, (h, w)) * (levels > 20), 0, 255).astype(np.uint8)


def maps(rng):
    w, h = 131, 97
    for index in range(5):
        yield f"words {index}", words(rng, w, h, 9, [0, 5, 45, 90, 10][index])
    smooth = cv2.GaussianBlur(rng.normal(0, 1, (h, w)), (0, 0), 4)
    yield "blobs and holes", np.clip(120 + 700 * smooth, 0, 255).astype(np.uint8)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (h, w)), (0, 0), 1.5)
    yield "fine blobs", np.clip(90 + 300 * fine, 0, 255).astype(np.uint8)
    yield "noise", rng.integers(0, 120, (48, 61)).astype(np.uint8)
    lines = np.zeros((h, w), np.uint8)
    for _ in range(14):
        a, b = (tuple(int(v) for v in rng.integers(-5, (w + 5, h + 5))) for _ in range(2))
        cv2.line(lines, a, b, int(rng.integers(100, 255)), int(rng.integers(1, 6)))
    yield "lines", lines
    rings = np.zeros((h, w), np.uint8)
    for radius in (44, 34, 24, 15, 7):
        cv2.ellipse(rings, (w // 2, h // 2), (radius + 10, radius), 20, 0, 330, 255 - 3 * radius, 4)
    yield "rings", rings
    border = np.zeros((h, w), np.uint8)
    border[:9], border[-5:], border[:, :4], border[:, -7:] = 200, 160, 120, 180
    yield "border", border
    yield "full", np.full((33, 70), 255, np.uint8)
    yield "level", np.full((20, 20), 128, np.uint8)
    yield "empty", np.zeros((16, 16), np.uint8)
    yield "one pixel", np.full((1, 1), 200, np.uint8)
    yield "row", np.array([[0, 200, 200, 0, 90, 255]], np.uint8)


def main():
    rng = np.random.default_rng(20240607)
    scale, offset = (1.0666666666666667, 1.0571428571428572), (-11.733333333333334, -0.5)
    inverse = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]], [0, 0, 1]])
    cases = []
    for name, levels in maps(rng):
        prob = levels.astype(np.float32) / np.float32(255)
        results = []
        for setting in SETTINGS:
            polygons, scores = dbref.detect(prob, inverse, **setting)
            results.append(dict(setting=setting, polygons=polygons, scores=scores))
        cases.append(dict(name=name, width=levels.shape[1], height=levels.shape[0],
                          levels=base64.b64encode(levels.tobytes()).decode(), results=results))
    out = dict(maker=f"dbref.detect, OpenCV {cv2.__version__}, NumPy {np.__version__}",
               transform=[scale[0], offset[0], scale[1], offset[1]], cases=cases)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "random_maps.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
    print(sum(len(r["scores"]) for c in cases for r in c["results"]), "polygons")


main()
