"""The peers' side of `make bench`: the reference kit and published scorers on the same inputs.

    python peers.py REFERENCE DATA KITS      prints {"name": ..., "seconds": ...} lines, the names of Bench.swift

KITS holds clones of the scripts that no registry has, as run.sh makes them; those that are missing are left out.
"""
import importlib.util
import json
import os
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import cv2  # noqa: E402
import dbref  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from cleval import CLEvalMetric  # noqa: E402

DATA = Path(sys.argv[2])
KITS = Path(sys.argv[3])
TRUTH = json.load(open(DATA / "receipts/truth.json"))["images"]
SETTINGS = {"quads": dict(thresh=.22, box_thresh=.25, max_candidates=600, polygon=False),
            "polygons": dict(thresh=.3, box_thresh=.35, max_candidates=1000, polygon=True)}


def report(name, seconds):
    print(json.dumps({"name": name, "seconds": seconds}), flush=True)


def inverse(entry, side=960):
    w, h = entry["img_w"], entry["img_h"]
    scale = side / max(w, h)
    tw, th = int(w * scale), int(h * scale)
    cx, cy = (side - tw) // 2, (side - th) // 2
    return np.diag([w / tw, h / th, 1.0]) @ np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1.0]])


def fold_map(name):
    return cv2.imread(str(DATA / "maps/fold0" / (Path(name).stem + ".png")), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


MAPS = {name: (fold_map(name), inverse(entry)) for name, entry in TRUTH.items()}


def best(count, body):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return min(times)


def flat(polygons):
    return [np.array(p, np.float32).reshape(-1) for p in polygons]


def points(name):
    return [w["points"] for w in TRUTH[name]["words"].values()]


def score(truth, polygons):
    gt = flat(truth)
    metric = CLEvalMetric()
    metric(flat(polygons), gt, ["#"] * len(polygons), ["#"] * len(gt), [False] * len(gt))
    return float(metric.compute()["det_h"])


def point(setting):
    thresh, box_thresh, candidates = setting
    return sum(score(points(n), dbref.detect(m, i, thresh, box_thresh, candidates)[0]) for n, (m, i) in MAPS.items()) / len(MAPS)


def module(path):
    """The script at `path`, with what lies beside it; nothing where there is none."""
    if not path.exists():
        return None
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem + "_peer", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def scripts(truth, texts, found):
    """The published scripts on one image, each with the input that it takes."""
    truth = [[(int(x), int(y)) for x, y in p] for p in truth]
    found = [[(int(x), int(y)) for x, y in p] for p in found]
    scorers = {}
    if iou := module(KITS / "DB/concern/icdar2015_eval/detection/iou.py"):
        gt, pred = ([{"points": p, "ignore": False} for p in polygons] for polygons in (truth, found))
        evaluator = iou.DetectionIoUEvaluator()
        scorers["iou"] = lambda: evaluator.evaluate_image(gt, pred)
    if deteval := module(KITS / "deteval/code/deteval.py"):
        def rectangles(polygons):
            return {"a": [[f(v) for f in (min, max) for v in zip(*p)] for p in polygons]}
        scorers["deteval"] = lambda: deteval.calc_deteval_metrics(rectangles(found), rectangles(truth), {"a": texts})
    if tedeval := module(KITS / "TedEval/script.py"):
        folder = tempfile.mkdtemp()
        for file, polygons, ends in (("gt_img_1", truth, ["," + t for t in texts]), ("res_img_1", found, [""] * len(found))):
            with zipfile.ZipFile(f"{folder}/{file[:3]}.zip", "w") as archive:
                archive.writestr(file + ".txt", "\n".join(
                    ",".join(str(v) for point in p for v in point) + end for p, end in zip(polygons, ends)))
        scorers["tedeval"] = lambda: tedeval.evaluate_method(
            f"{folder}/gt_.zip", f"{folder}/res.zip", tedeval.default_evaluation_params())
    return scorers


def dense(settings):
    """An image of 110 boxes, as Dense.swift makes it of two receipts and takes it."""
    narrow = [n for n, e in TRUTH.items() if 2 * e["img_w"] <= e["img_h"]]
    pairs = [(narrow[k % len(narrow)], narrow[(k * 7 + k // len(narrow) + 1) % len(narrow)]) for k in range(400)]
    identity = np.eye(3)

    def joined(pair):
        return np.ascontiguousarray(np.concatenate([MAPS[n][0][:, 240:720] for n in pair], 1))
    found = [dbref.detect(joined(pair), identity, **settings)[0] for pair in pairs]
    number = min(range(400), key=lambda k: abs(len(found[k]) - 110))
    pair, found = pairs[number], found[number]
    image = joined(pair)
    for kind, settings in SETTINGS.items():
        report(f"post-processing, {kind}, {len(found)} boxes",
               best(5, lambda: dbref.detect(image, identity, **settings)))
    truth, texts = [], []
    for name, shift in zip(pair, (-240, 240)):
        (sx, _, ox), (_, sy, oy) = MAPS[name][1][:2]
        for w in TRUTH[name]["words"].values():
            truth.append([[(x - ox) / sx + shift, (y - oy) / sy] for x, y in w["points"]])
            texts.append(w.get("transcription") or "#")
    scorers = {"upstream": lambda: score(truth, found), **scripts(truth, texts, found)}
    for metric, body in scorers.items():
        report(f"{metric}, {len(truth)} x {len(found)} boxes", best(5, body))


def main():
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    for kind, settings in SETTINGS.items():
        report(f"post-processing, {kind}, a map",
               best(3, lambda: [dbref.detect(m, i, **settings) for m, i in MAPS.values()]) / len(MAPS))
    for kind, settings in SETTINGS.items():
        found = {n: dbref.detect(m, i, **settings)[0] for n, (m, i) in MAPS.items()}
        report(f"CLEval, {kind}, an image", best(2, lambda: [score(points(n), p) for n, p in found.items()]) / len(MAPS))
    dense(SETTINGS["quads"])
    grid = [(t, b, c) for t in (.20, .22, .24, .26, .28) for b in (.22, .25, .28, .30, .32) for c in (500, 600, 700)]
    # Five of the 75 points, one a threshold, and the rest by proportion: the whole grid takes ten minutes.
    with ProcessPoolExecutor(2) as pool:
        start = time.perf_counter()
        list(pool.map(point, grid[7::15]))
        report(f"sweep, 75 points, {len(MAPS)} images, 2 processes", (time.perf_counter() - start) * 15)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Polygon3 3.0.9 spoils the interpreter's count of True and False, which it finds out when it ends.
    os._exit(0)
