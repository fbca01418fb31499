"""Canvas and tensor of the reference's `letterbox` for generated pictures of many sizes.

    python make_letterbox.py REFERENCE_FOLDER

The pictures are SplitMix64 bytes (low byte of each number, seed = index), so that they need not be stored. Writes
letterbox.json beside this script: sizes, the SHA-256 of the canvas (side,side,3) UInt8 before normalising and of the
tensor (3,side,side) Float32, and the inverse as scale and offset of x and y.
"""
import hashlib
import json
import pathlib
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, sys.argv[1])
import dbref  # noqa: E402


def split_mix(seed, count):
    state = (np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64))
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) & np.uint64(255)).astype(np.uint8)


rng = np.random.default_rng(7)
sizes = [(1, 1, 32), (1, 40, 64), (200, 4, 64), (64, 64, 64), (128, 128, 64), (32, 32, 64), (640, 480, 320),
         (97, 101, 96), (1000, 31, 96), (31, 1000, 96), (3, 7, 320), (333, 777, 352), (192, 100, 64), (129, 64, 64)]
while len(sizes) < 120:
    limit = int(rng.choice([20, 100, 400, 900]))
    width, height = (int(v) for v in rng.integers(1, limit, 2))
    side = 32 * int(rng.integers(1, 13))
    if int(min(width, height) * side / max(width, height)) > 0:  # the reference divides by zero below that
        sizes.append((width, height, side))

resized = []
resize = cv2.resize
cv2.resize = lambda *args, **kwargs: resized.append(resize(*args, **kwargs)) or resized[-1]
cases = []
with tempfile.TemporaryDirectory() as folder:
    for seed, (width, height, side) in enumerate(sizes):
        path = f"{folder}/{seed}.png"
        Image.fromarray(split_mix(seed, width * height * 3).reshape(height, width, 3)).save(path)
        tensor, inverse = dbref.letterbox(path, side)
        small = resized.pop()
        canvas = np.zeros((side, side, 3), np.uint8)
        top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
        canvas[top:top + small.shape[0], left:left + small.shape[1]] = small
        cases.append({
            "seed": seed, "width": width, "height": height, "side": side,
            "canvas": hashlib.sha256(canvas.tobytes()).hexdigest(),
            "tensor": hashlib.sha256(tensor.numpy().tobytes()).hexdigest(),
            "inverse": [inverse[0, 0], inverse[0, 2], inverse[1, 1], inverse[1, 2]]})
made_by = f"make_letterbox.py, dbref.letterbox, OpenCV {cv2.__version__}, NumPy {np.__version__}"
lines = ",\n".join(json.dumps(case) for case in cases)
(pathlib.Path(__file__).parent / "letterbox.json").write_text(f'{{"made_by": "{made_by}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "cases")
