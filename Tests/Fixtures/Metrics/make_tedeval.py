"""Makes tedeval_scenes.json: random scenes of quads with what the published TedEval script says of them.

    git clone https://github.com/clovaai/TedEval kit
    python make_tedeval.py kit > tedeval_scenes.json

Wants Polygon3 and the script's own imports (bottle, Pillow). Half of the scenes have the script's defaults, the rest
other constraints.
"""

import contextlib
import io
import json
import math
import os
import random
import sys
import tempfile
import zipfile

sys.path.insert(0, sys.argv[1])
import rrc_evaluation_funcs  # noqa: E402
import script  # noqa: E402

OPTIONS = [{}, {}, {"AREA_RECALL_CONSTRAINT": 0.7}, {"AREA_PRECISION_CONSTRAINT": 0.65},
           {"EV_PARAM_IND_CENTER_DIFF_THR": 0.05}]


def turned(rng, box, tilt):
    """The rectangle's corners, turned about its centre, on whole pixels."""
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    c, s = math.cos(tilt), math.sin(tilt)
    return [v for px, py in ((left, top), (right, top), (right, bottom), (left, bottom))
            for v in (round(x + c * (px - x) - s * (py - y)), round(y + s * (px - x) + c * (py - y)))]


def word(rng):
    left, top = rng.randrange(20, 300), 45 * rng.randrange(0, 5) + rng.randrange(5, 12)
    width, height = rng.randrange(20, 120), rng.randrange(12, 34)
    if rng.random() < 0.15:
        width, height = height, width
    return [left, top, left + width, top + height], rng.choice([0, 0, rng.uniform(-0.4, 0.4)])


def detections_of(rng, box, tilt):
    """The word moved, in parts side by side or one above the other, cut, twice, or not at all."""
    left, top, right, bottom = box
    kind = rng.random()
    if kind < 0.12:
        return []
    if kind < 0.4:
        cuts = sorted(rng.sample(range(left + 1, right), rng.choice([1, 1, 2])))
        edges = [left, *cuts, right]
        return [turned(rng, [a - rng.randrange(0, 6), top, b, bottom], 0) for a, b in zip(edges, edges[1:])]
    if kind < 0.45:
        middle = (top + bottom) // 2
        return [turned(rng, [left, a, right, b], 0) for a, b in ((top, middle), (middle, bottom))]
    if kind < 0.6:
        return [turned(rng, [left, top, left + max(2, int((right - left) * rng.choice([0.3, 0.5, 0.8]))), bottom], tilt)]
    copies = 2 if kind > 0.95 else 1
    return [turned(rng, [left + rng.randrange(-8, 9), top + rng.randrange(-4, 5), right + rng.randrange(-8, 9),
                         max(bottom + rng.randrange(-4, 5), top + 5)], tilt) for _ in range(copies)]


def scene(rng):
    words = [word(rng) for _ in range(rng.choice([0, 1, 3, 6, 9]))]
    detections = [quad for box, tilt in words for quad in detections_of(rng, box, tilt)]
    for _ in range(rng.randrange(0, 3)):
        # Neighbours on a line, or above one another, and the one detection around them.
        (left, top, right, bottom), _ = word(rng)
        step = rng.choice([(right - left + 6, 0), (right - left + 6, 3), (0, bottom - top + 3)])
        boxes = [[left + k * step[0], top + k * step[1], right + k * step[0], bottom + k * step[1]]
                 for k in range(rng.choice([2, 2, 3]))]
        words += [(box, 0) for box in boxes]
        columns = list(zip(*boxes))
        detections.append(turned(rng, [f(column) for f, column in zip((min, min, max, max), columns)], 0))
    detections += [turned(rng, *word(rng)) for _ in range(rng.randrange(0, 2))]
    rng.shuffle(detections)
    return {
        "truth": [turned(rng, box, tilt) for box, tilt in words],
        "texts": ["###" if rng.random() < 0.2 else "abcdefghij"[:rng.randrange(1, 11)] for _ in words],
        "detections": detections}


def lines(quads, texts=None):
    return "\n".join(",".join(map(str, quad)) + ("," + texts[i] if texts else "") for i, quad in enumerate(quads))


def evaluate(scenes, options):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("gt.zip", "result.zip")]
        with zipfile.ZipFile(paths[0], "w") as truth, zipfile.ZipFile(paths[1], "w") as result:
            for index, each in enumerate(scenes):
                truth.writestr(f"gt_img_{index}.txt", lines(each["truth"], each["texts"]))
                result.writestr(f"res_img_{index}.txt", lines(each["detections"]))
        with contextlib.redirect_stdout(io.StringIO()):
            return rrc_evaluation_funcs.main_evaluation(
                {"g": paths[0], "s": paths[1], "p": options}, script.default_evaluation_params, script.validate_data,
                script.evaluate_method, show_result=False)


def figures(rates):
    return {name: float(rates[name]) for name in ("recall", "precision", "hmean")}


def describe(each, sample):
    """The script's matches as counts, each pair of boxes once."""
    matches = {(gt, det) for pair in sample["pairs"] for gt in pair["gt"] for det in pair["det"]}
    truth = len(each["truth"]) - len(sample["gtDontCare"])
    counted = len(each["detections"]) - len(sample["detDontCare"])
    by_truth = [gt for gt, _ in matches]
    by_detection = [det for _, det in matches]
    each["counts"] = {
        "truth": truth, "detected": counted, "splits": sum(by_truth.count(gt) > 1 for gt in set(by_truth)),
        "merges": sum(by_detection.count(det) > 1 for det in set(by_detection)),
        "misses": truth - len(set(by_truth)), "false_positives": counted - len(set(by_detection))}
    each["rates"] = figures(sample)
    return each


def main():
    rng = random.Random(2019)
    groups = []
    for options in OPTIONS:
        scenes = [scene(rng) for _ in range(60)]
        result = evaluate(scenes, options)
        samples = result["per_sample"]
        key = {int("".join(filter(str.isdigit, name))): name for name in samples}
        scenes = [json.dumps(describe(each, samples[key[i]])) for i, each in enumerate(scenes)]
        groups.append(
            '{"options": ' + json.dumps(options) + ', "pooled": ' + json.dumps(figures(result["method"]))
            + ',\n"scenes": [\n' + ",\n".join(scenes) + "]}")
    sys.stdout.write('{"groups": [\n' + ",\n".join(groups) + "]}\n")
    sys.stdout.flush()


main()
# Polygon3 3.0.9 spoils the interpreter's count of True and False, which it finds out when it ends.
os._exit(0)
