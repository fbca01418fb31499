"""What Pillow and the reference make of real images: the SHA-256 of the RGB bytes, and of the tensor at 960.

    python make_photos.py REFERENCE_FOLDER RECEIPTS_FOLDER SAMPLES_FOLDER

The folders are those of the images. Writes photos.json beside this script.
"""
import hashlib
import json
import pathlib
import sys

import cv2
import PIL
from PIL import Image, ImageOps, features

sys.path.insert(0, sys.argv[1])
import dbref  # noqa: E402

result = {"made_by": f"make_photos.py, Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, "
                     f"OpenCV {cv2.__version__}"}
for name, folder in zip(("receipts", "samples"), sys.argv[2:]):
    result[name] = {}
    for path in sorted(pathlib.Path(folder).glob("*.jpg")):
        rgb = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        tensor, _ = dbref.letterbox(path, 960)
        result[name][path.name] = {"rgb": hashlib.sha256(rgb.tobytes()).hexdigest(),
                                   "tensor": hashlib.sha256(tensor.numpy().tobytes()).hexdigest()}
(pathlib.Path(__file__).parent / "photos.json").write_text(json.dumps(result, indent=1) + "\n")
