"""Goldens of box fusion and suppression on axis-aligned boxes, by the package ensemble-boxes.

    python make_box_methods.py > box_methods.json

Soft-NMS is asked at its kernel: the package's `nms_method` pairs the kept boxes with scores that the kernel has
swapped in place, so its scores do not belong to its boxes.
"""
import json
from importlib.metadata import version

import numpy as np
from ensemble_boxes import weighted_boxes_fusion
from ensemble_boxes.ensemble_boxes_nms import cpu_soft_nms_float

random = np.random.default_rng(5)


def sources(count, boxes):
    """Each source sees the same boxes with its own shifts and misses, and sometimes twice."""
    centres = random.uniform(0.15, 0.85, (boxes, 2))
    sizes = random.uniform(0.03, 0.12, (boxes, 2))
    result = []
    for _ in range(count):
        seen = np.concatenate([np.flatnonzero(random.random(boxes) < 0.8), random.integers(0, boxes, 3)])
        middle = centres[seen] + random.normal(0, 0.008, (len(seen), 2))
        half = sizes[seen] * random.uniform(0.85, 1.15, (len(seen), 2)) / 2
        result.append((np.hstack([middle - half, middle + half]), random.uniform(0.05, 1, len(seen))))
    return result


def fusion(found, weights, iou, skip, kind):
    boxes, scores, _ = weighted_boxes_fusion(
        [b.tolist() for b, _ in found], [s.tolist() for _, s in found], [[0] * len(s) for _, s in found],
        weights=weights, iou_thr=iou, skip_box_thr=skip, conf_type=kind)
    return {"method": "wbf", "conf_type": kind, "weights": weights, "iou": iou, "skip": skip,
            "boxes": boxes.tolist(), "scores": scores.tolist()}


def suppression(found, weights, iou, method, name, sigma, floor):
    share = np.array(weights) / sum(weights)
    boxes = np.concatenate([b for b, _ in found])
    scores = np.concatenate([s * w for (_, s), w in zip(found, share)])
    keep = cpu_soft_nms_float(boxes.copy(), scores, Nt=iou, sigma=sigma, thresh=floor, method=method)
    return {"method": name, "weights": weights, "iou": iou, "sigma": sigma, "floor": floor,
            "boxes": boxes[keep].tolist(), "scores": scores[scores > floor].tolist()}


cases = []
for count, boxes, weights in [(1, 12, [1.0]), (3, 25, [1.0, 1.0, 1.0]), (4, 20, [2.0, 1.0, 0.5, 1.5])]:
    found = sources(count, boxes)
    results = [fusion(found, weights, iou, skip, kind) for iou, skip in [(0.55, 0.0), (0.4, 0.2)]
               for kind in ["avg", "max", "box_and_model_avg", "absent_model_aware_avg"]]
    for iou, floor in [(0.5, 0.001), (0.3, 0.02)]:
        results += [suppression(found, weights, iou, 3, "nms", 0.5, 0.0),
                    suppression(found, weights, iou, 1, "soft_linear", 0.5, floor),
                    suppression(found, weights, iou, 2, "soft_gaussian", 0.3, floor)]
    cases.append({"sources": [{"boxes": b.tolist(), "scores": s.tolist()} for b, s in found], "results": results})
print(json.dumps({"made_by": f"ensemble-boxes {version('ensemble-boxes')}, numpy {np.__version__}", "cases": cases}))
