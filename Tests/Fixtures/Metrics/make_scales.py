"""Makes scale_scenes.json: random words of many sizes and what the PyPI package `cleval` 0.1.1 says of them by scale.

    python make_scales.py > scale_scenes.json
    python make_scales.py GT.zip RESULT.zip        the figures of two zips of quads with text

`CLEvalMetric(scale_wise=True)`, its other options as they come. Of zips nobody knows the images' sizes: an image's longer
side is taken to be the largest coordinate of its truth.
"""
import json
import math
import random
import re
import sys
import zipfile

import numpy as np
from cleval.torchmetric import CLEvalMetric


def word(rng, longer):
    height = longer * rng.choice((.002, .004, .005, .007, .01, .012, .018, .022, .03, .08, .1, .2))
    width, turn = height * rng.uniform(.3, 9), rng.choice((0, 0, math.pi / 2, rng.uniform(-.7, .7)))
    x, y = rng.uniform(0, longer), rng.uniform(0, longer)
    corners = [(x + a * width * math.cos(turn) - b * height * math.sin(turn),
                y + a * width * math.sin(turn) + b * height * math.cos(turn)) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return [int(round(c)) for corner in corners for c in corner]


def moved(rng, quad):
    kind = rng.random()
    if kind < .5:
        return [[c + rng.randint(-2, 2) for c in quad]]
    if kind < .7:
        a, b, c, d, e, f, g, h = quad
        top, bottom = [(a + c) // 2, (b + d) // 2], [(e + g) // 2, (f + h) // 2]
        return [[a, b, *top, *bottom, g, h], [*top, c, d, e, f, *bottom]]
    return [] if kind < .85 else [quad]


def scene(rng):
    longer = rng.choice((400, 1000, 1024, 3000))
    truth = [word(rng, longer) for _ in range(rng.choice((1, 4, 12, 25)))]
    detections = [d for quad in truth for d in moved(rng, quad)] + [word(rng, longer) for _ in range(2)]
    return {"longer": longer, "truth": truth, "letters": ["#" * rng.randint(1, 12) for _ in truth],
            "dont_care": [rng.random() < .1 for _ in truth], "detections": detections}


def evaluate(scenes):
    metric = CLEvalMetric(scale_wise=True)
    for made in scenes:
        metric.update([np.array(q, np.float32) for q in made["detections"]],
                      [np.array(q, np.float32) for q in made["truth"]],
                      ["" for _ in made["detections"]], made["letters"], made["dont_care"], made["longer"])
    return [
        {"from": low, "to": high, "truth": int(part.det_num_char_gt), "detected": int(part.det_num_char_det),
         "true_positives": int(part.det_num_char_tp_recall), "false_positives": int(part.det_num_char_fp),
         "splits": int(part.num_splitted), "merges": int(part.num_merged), "overlaps": int(part.num_char_overlapped),
         "recall_penalty": float(part.det_gran_score_recall), "precision_penalty": float(part.det_gran_score_precision)}
        for (low, high), part in metric.scalewise_metric.items()]


def text(field):
    """As the package's own reader: a text in quotes loses them."""
    quoted = re.match(r'^\s*"(.*)"\s*$', field)
    return quoted.group(1).replace("\\\\", "\\").replace('\\"', '"') if quoted else field


def words(path):
    images = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            lines = archive.read(name).decode("utf-8-sig").splitlines()
            parts = [line.strip().split(",", 8) for line in lines if line.strip()]
            images[re.sub(r"^(gt|res)_|\.txt$", "", name)] = [([int(float(v)) for v in p[:8]], text((p + [""])[8])) for p in parts]
    return images


if len(sys.argv) > 1:
    truth, found = words(sys.argv[1]), words(sys.argv[2])
    made = [{"longer": max(max(q) for q, _ in t), "truth": [q for q, _ in t], "letters": [w for _, w in t],
             "dont_care": [w == "###" for _, w in t], "detections": [q for q, _ in found.get(name, [])]}
            for name, t in truth.items() if t]
    for part in evaluate(made):
        print(json.dumps(part))
else:
    rng = random.Random(25)
    made = [scene(rng) for _ in range(60)]
    print('{"bins": [\n' + ",\n".join(map(json.dumps, evaluate(made))) + '],\n"scenes": [\n'
          + ",\n".join(map(json.dumps, made)) + "]}")
