"""Makes deteval_scenes.json: random scenes of upright rectangles with what the published DetEval script says of them.

    git clone https://github.com/boostcampaitech4lv23cv1/level2_dataannotation_cv-level2-cv-04 kit
    python make_deteval.py kit/code > deteval_scenes.json
    python make_deteval.py kit/code GT.zip RESULT.zip

`kit/code/deteval.py` (commit 5409f59a) is the Robust Reading Competition's DetEval script of ICDAR 2013's task 2.1
(area recall .8, area precision .4, one-to-many .8) behind a function call. With two zips of ICDAR 2015 quads it prints
the figures for the upright rectangles around them. NumPy 1.26 or 2.
"""

import json
import random
import re
import sys
import zipfile

sys.path.insert(0, sys.argv[1])
from deteval import calc_deteval_metrics  # noqa: E402


def rectangle(rng):
    left, top = rng.randrange(0, 240), 30 * rng.randrange(0, 4) + rng.randrange(-3, 4)
    return [left, top, left + rng.randrange(8, 120), top + rng.randrange(10, 32)]


def detections_of(rng, box):
    """The rectangle moved, in parts, cut, or not at all."""
    left, top, right, bottom = box
    kind = rng.random()
    if kind < 0.15:
        return []
    if kind < 0.4:
        cuts = sorted(rng.sample(range(left, right), rng.choice([1, 1, 2])))
        edges = [left, *cuts, right]
        return [[a, top, b, bottom] for a, b in zip(edges, edges[1:])]
    if kind < 0.55:
        return [[left, top, left + max(1, int((right - left) * rng.choice([0.5, 0.78, 0.8, 0.82]))), bottom]]
    return [[left + rng.randrange(-5, 6), top + rng.randrange(-3, 4), right + rng.randrange(-5, 6),
             max(bottom + rng.randrange(-3, 4), top + 4)]]


def neighbours(rng):
    """Two or three truth rectangles side by side, and the one detection around them."""
    left, top, right, bottom = rectangle(rng)
    truth = []
    for _ in range(rng.choice([2, 2, 3])):
        truth.append([left, top + rng.randrange(-1, 2), right, bottom + rng.randrange(-1, 2)])
        left, right = right + rng.randrange(1, 30), right + rng.randrange(40, 90)
    columns = list(zip(*truth))
    return truth, [[f(column) for f, column in zip((min, min, max, max), columns)]]


def scene(rng):
    truth = [rectangle(rng) for _ in range(rng.choice([0, 1, 3, 6, 9]))]
    detections = [box for each in truth for box in detections_of(rng, each)]
    for _ in range(rng.randrange(0, 3)):
        more = neighbours(rng)
        truth += more[0]
        detections += more[1]
    if len(truth) > 1 and rng.random() < 0.3:
        columns = zip(*rng.sample(truth, 2))
        detections.append([f(column) for f, column in zip((min, min, max, max), columns)])
    detections += [rectangle(rng) for _ in range(rng.randrange(0, 2))]
    rng.shuffle(detections)
    return {"truth": truth, "dont_care": [rng.random() < 0.2 for _ in truth], "detections": detections}


def evaluate(scenes):
    names = [str(index) for index in range(len(scenes))]
    return calc_deteval_metrics(
        {name: scene["detections"] for name, scene in zip(names, scenes)},
        {name: scene["truth"] for name, scene in zip(names, scenes)},
        {name: ["###" if x else "a" for x in scene["dont_care"]] for name, scene in zip(names, scenes)})


def figures(rates):
    return {name: float(rates[name]) for name in ("recall", "precision", "hmean")}


def describe(scene, sample):
    """The script's pairs as counts; its figures where it defines them: with truth that counts."""
    kinds = [pair["type"] for pair in sample["pairs"]]
    many = [len(pair["det"]) for pair in sample["pairs"] if pair["type"] == "OM"]
    merged = [len(pair["gt"]) for pair in sample["pairs"] if pair["type"] == "MO"]
    truth = len(scene["truth"]) - len(sample["gt_dont_care"])
    counted = len(scene["detections"]) - len(sample["det_dont_care"])
    scene["counts"] = {
        "truth": truth, "detected": counted, "splits": len(many), "merges": len(merged),
        "misses": truth - kinds.count("OO") - len(many) - sum(merged),
        "false_positives": counted - kinds.count("OO") - sum(many) - len(merged)}
    if truth > 0:
        scene["rates"] = figures(sample)
    return scene


def quads(path):
    """Each image's rectangles and whether they are don't-care."""
    images = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            lines = archive.read(name).decode("utf-8-sig").split("\n")
            boxes = []
            for line in filter(None, map(str.strip, lines)):
                parts = line.split(",", 8)
                x, y = [int(v) for v in parts[0:8:2]], [int(v) for v in parts[1:8:2]]
                boxes.append(([min(x), min(y), max(x), max(y)], parts[8:] == ["###"]))
            images[re.search(r"img_\d+", name).group()] = boxes
    return images


def main():
    if len(sys.argv) > 2:
        truth, detections = quads(sys.argv[2]), quads(sys.argv[3])
        scenes = [
            {"truth": [box for box, _ in boxes], "dont_care": [dont_care for _, dont_care in boxes],
             "detections": [box for box, _ in detections.get(name, [])]} for name, boxes in truth.items()]
        result = evaluate(scenes)
        samples = [describe(s, result["per_sample"][str(i)]) for i, s in enumerate(scenes)]
        sums = {name: sum(s["counts"][name] for s in samples) for name in samples[0]["counts"]}
        print(json.dumps({**figures(result["total"]), **sums}))
        return
    rng = random.Random(2006)
    scenes = [scene(rng) for _ in range(300)]
    result = evaluate(scenes)
    print('{"pooled": ' + json.dumps(figures(result["total"])) + ',\n"scenes": [')
    print(",\n".join(json.dumps(describe(s, result["per_sample"][str(i)])) for i, s in enumerate(scenes)))
    print("]}")


main()
