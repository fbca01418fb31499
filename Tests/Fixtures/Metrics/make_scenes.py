"""Random scenes and what CLEval says of them, for the two profiles.

    python make_scenes.py upstream OUTPUT.json              the PyPI package cleval
    python make_scenes.py leaderboard OUTPUT.json FOLDER    the competition baseline's `ocr` package, found in FOLDER

The leaderboard's scenes want NumPy 2 (NumPy 1 takes the boxes' ratios in double precision; the file says which it was).
"""
import importlib
import json
import math
import random
import sys
import types

import numpy as np


def rectangle(rng, size):
    w, h, turn = size * rng.uniform(.05, 1), size * rng.uniform(.05, .4), rng.choice((0, 0, math.pi / 2)) or rng.uniform(-.4, .4)
    x, y = rng.uniform(0, 300), rng.uniform(0, 300)
    corners = [(x + a * w * math.cos(turn) - b * h * math.sin(turn), y + a * w * math.sin(turn) + b * h * math.cos(turn))
               for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return [(round(a), round(b)) for a, b in corners]


def upright(rng, size):
    x, y, w, h = rng.randint(0, 300), rng.randint(0, 300), rng.randint(1, size), rng.randint(1, max(1, size // 3))
    corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    turn = rng.randrange(4)
    return corners[turn:] + corners[:turn]


def band(rng, size):
    """A curved line of text: half of the corners above, half below."""
    n, x, y, w, h = rng.randint(3, 7), rng.randint(0, 300), rng.randint(20, 300), rng.randint(10, 10 + size), rng.randint(2, 20)
    bend, phase = rng.uniform(0, 12), rng.uniform(0, 6)
    line = [(x + w * i / (n - 1), y + bend * math.sin(phase + 3 * i / (n - 1))) for i in range(n)]
    return [(round(a), round(b)) for a, b in line] + [(round(a), round(b + h)) for a, b in reversed(line)]


def odd(rng, size, corners):
    """What no detector should write: self-crossing, collinear, tiny."""
    x, y = rng.randint(0, 300), rng.randint(0, 300)
    kind = rng.randrange(4)
    if kind == 0:
        return [(x, y), (x + size, y + size // 2), (x + size, y), (x, y + size // 2)]
    if kind == 1:
        return [(x + i * rng.randint(1, 9), y) for i in range(corners)]
    if kind == 2:
        return [(x + rng.randint(0, 2), y + rng.randint(0, 2)) for _ in range(corners)]
    return [(x + rng.randint(0, size), y + rng.randint(0, size)) for _ in range(corners)]


def shape(rng, quads):
    size = rng.choice((12, 40, 120))
    kind = rng.random()
    if kind < .4:
        return rectangle(rng, size)
    if kind < .7 or (quads and kind < .92):
        return upright(rng, size)
    if kind < .92:
        return band(rng, size)
    return odd(rng, size, 4 if quads else rng.randint(4, 9))


def moved(rng, points):
    kind = rng.random()
    if kind < .15:
        return points
    reach = rng.choice((1, 3, 10))
    if kind < .4:  # shifted
        dx, dy = rng.randint(-reach, reach), rng.randint(-reach, reach)
        return [(x + dx, y + dy) for x, y in points]
    if kind < .6:  # half of it: a split
        mx = sum(x for x, _ in points) / len(points)
        return [(round(x + (mx - x) * .9) if x > mx else x, y) for x, y in points]
    if kind < .7:  # widened: a merge
        mx, my = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
        return [(round(mx + (x - mx) * 2), round(my + (y - my) * 1.5)) for x, y in points]
    return [(x + rng.randint(-reach, reach), y + rng.randint(-reach, reach)) for x, y in points]


def scene(rng, quads, dont_cares):
    truth = [shape(rng, quads) for _ in range(rng.choice((0, 1, 3, 8, 15)))]
    detections = [moved(rng, t) for t in truth for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    detections += [shape(rng, quads) for _ in range(rng.randint(0, 3))]
    if detections and rng.random() < .2:
        detections.append(detections[0])
    far = rng.random() < .06
    offset = 20000 if far else 0  # the scorers keep int16 copies
    place = lambda shapes: [[[x + offset, y + offset] for x, y in s] for s in shapes]
    words = ["#" * rng.randint(0, 12) for _ in truth]
    return {"truth": place(truth), "letters": words, "detections": place(detections),
            "dont_care": [dont_cares and rng.random() < .25 for _ in truth]}


def counts(result):
    s = result.stats
    return [s.det.num_char_gt, s.det.num_char_det, s.det.num_char_tp_recall, s.det.num_char_fp,
            s.det.gran_score_recall, s.det.gran_score_precision, s.num_splitted, s.num_merged, s.num_char_overlapped]


def options(rng):
    return {"ap_constraint": rng.choice((.3, .3, .3, .5, .7)), "recall_gran_penalty": rng.choice((1., 1., .5, 2.)),
            "precision_gran_penalty": rng.choice((1., 1., .25, 3.)),
            "vertical_aspect_ratio_thresh": rng.choice((.5, .5, .5, 1.5))}


def arguments(chosen):
    return types.SimpleNamespace(
        CASE_SENSITIVE=True, E2E=False, ORIENTATION=False, DUMP_SAMPLE_RESULT=False,
        AREA_PRECISION_CONSTRAINT=chosen["ap_constraint"],
        RECALL_GRANULARITY_PENALTY_WEIGHT=chosen["recall_gran_penalty"],
        PRECISION_GRANULARITY_PENALTY_WEIGHT=chosen["precision_gran_penalty"],
        VERTICAL_ASPECT_RATIO_THRESH=chosen["vertical_aspect_ratio_thresh"])


def flat(points):
    return [float(c) for p in points for c in p]


def upstream(rng):
    from cleval.box_types import QUAD
    from cleval.eval_functions import evaluation
    made = scene(rng, True, rng.random() < .6)
    chosen = options(rng)
    truth = [QUAD(flat(p), transcription=w, is_dc=d) for p, w, d in zip(made["truth"], made["letters"], made["dont_care"])]
    found = [QUAD(flat(p)) for p in made["detections"]]
    return dict(made, options=chosen, counts=counts(evaluation(arguments(chosen), truth, found)))


def leaderboard(rng):
    boxes = importlib.import_module("ocr.metrics.box_types")
    evaluate = importlib.import_module("ocr.metrics.eval_functions").evaluation
    made = scene(rng, False, rng.random() < .2)
    del made["letters"]
    chosen = options(rng)
    truth = [boxes.POLY(np.array(p, np.int32).reshape(-1), transcription=None, is_dc=d)
             for p, d in zip(made["truth"], made["dont_care"])]
    found = [boxes.POLY([c for q in p for c in q], transcription=None) for p in made["detections"]]
    return dict(made, options=chosen, counts=counts(evaluate(arguments(chosen), truth, found)))


def main():
    kind, output = sys.argv[1:3]
    rng = random.Random(4711)
    if kind == "leaderboard":
        package = types.ModuleType("ocr")  # without the package's own imports
        package.__path__ = [sys.argv[3] + "/ocr"]
        metrics = types.ModuleType("ocr.metrics")
        metrics.__path__ = [sys.argv[3] + "/ocr/metrics"]
        sys.modules.update({"ocr": package, "ocr.metrics": metrics})
    make = {"upstream": upstream, "leaderboard": leaderboard}[kind]
    scenes = [make(rng) for _ in range(250)]
    with open(output, "w") as file:
        file.write('{"made_by": "CLEval, %s, numpy %s", "scenes": [\n' % (kind, np.__version__))
        file.write(",\n".join(json.dumps(s, separators=(",", ":")) for s in scenes))
        file.write("\n]}\n")


main()
