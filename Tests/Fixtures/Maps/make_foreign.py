"""Small maps as NumPy and Pillow save them, and the Float32 probabilities that they stand for.

    python make_foreign.py

Writes foreign/ and foreign.json beside this script.
"""
import io
import json
import pathlib

import numpy as np
import PIL
from PIL import Image

FOLDER = pathlib.Path(__file__).parent / "foreign"
FOLDER.mkdir(exist_ok=True)
rng = np.random.default_rng(3)
expected = {}


def add(name, array, probabilities):
    flat = np.asarray(probabilities, np.float32)
    flat = flat.reshape(flat.shape[-2:])
    expected[name] = {"width": flat.shape[1], "height": flat.shape[0], "values": [float(v) for v in flat.reshape(-1)]}
    if isinstance(array, bytes):
        (FOLDER / name).write_bytes(array)
    else:
        np.save(FOLDER / name, array)


def unit(*shape):
    values = rng.random(shape)
    values.reshape(-1)[:3] = 0, 1, 2 ** -24
    return values


for kind in ("<f2", "<f4", "<f8", ">f2", ">f4", ">f8"):
    values = unit(5, 7).astype(kind)
    add(f"{'big' if kind[0] == '>' else 'little'}_{kind[1:]}.npy", values, values.astype(np.float32))
half = np.concatenate([np.arange(0, 0x3C01, 97), [0, 1, 0x3FF, 0x400, 0x3C00]]).astype(np.uint16).view("<f2")
add("half_patterns.npy", half[None], half.astype(np.float32)[None])
levels = rng.integers(0, 256, (5, 7)).astype(np.uint8)
add("levels_u1.npy", levels, levels.astype(np.float32) / np.float32(255))
for kind in ("<u2", ">u2"):
    wide = rng.integers(0, 65536, (5, 7)).astype(kind)
    add(f"{'big' if kind[0] == '>' else 'little'}_u2.npy", wide, wide.astype(np.float32) / np.float32(65535))
for shape in ((1, 5, 7), (1, 1, 5, 7), (1, 1)):
    values = unit(5, 7).astype(np.float32)[:shape[-2], :shape[-1]].reshape(shape)
    name = "x".join(map(str, shape))
    add(f"shape_{name}.npy", values, values)
    add(f"fortran_{name}.npy", np.asfortranarray(values), values)
values = unit(5, 7).astype(np.float32)
fortran = io.BytesIO()
np.lib.format.write_array(fortran, np.asfortranarray(values))
assert b"'fortran_order': True" in fortran.getvalue()
add("fortran_5x7.npy", fortran.getvalue(), values)
for version in ((2, 0), (3, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, values, version)
    add(f"version_{version[0]}.npy", out.getvalue(), values)

square = unit(8, 8).astype(np.float32)
inverse = np.array([[2.5, 0, -2.5], [0, 2.5, 0], [0, 0, 1]])  # the letterbox of 15 x 20 pixels at 8
for name, save, arrays in (
        ("stored.npz", np.savez, {"prob": square, "inverse": inverse}),
        ("deflated.npz", np.savez_compressed, {"prob": square, "inverse": inverse}),
        ("any_name.npz", np.savez, {"anything": square}),
        ("named_among_others.npz", np.savez, {"other": square * 0, "map": square, "third": square * 0})):
    out = io.BytesIO()
    save(out, **arrays)
    add(name, out.getvalue(), square)
for mode, dtype, top in (("L", np.uint8, 255), ("I;16", np.uint16, 65535)):
    picture = rng.integers(0, top + 1, (5, 7)).astype(dtype)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    add(f"grey_{np.dtype(dtype).itemsize * 8}.png", out.getvalue(), picture.astype(np.float32) / np.float32(top))

document = {"made_by": f"make_foreign.py, NumPy {np.__version__}, Pillow {PIL.__version__}", "maps": expected}
(FOLDER.parent / "foreign.json").write_text(json.dumps(document) + "\n")
print(len(expected), "maps")
