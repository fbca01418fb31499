"""Writes trained.json: what torch and safetensors read in the trained checkpoints.

    python make_trained.py SHARED/data        (in this folder; torch, safetensors)

For each file the digest of its listing (a line `name dtype shape sha256` for each floating-point tensor, sorted; the
sha256 is of the values as little-endian float32), and every 40th line, so that a failure can name a tensor.
"""
import hashlib
import json
import pathlib
import sys

import safetensors
import torch

FILES = ["checkpoints/resnet50_epoch=1-step=823.ckpt", "checkpoints/efficientnet_b4.safetensors",
         "sample/checkpoints/efficientnet_b0_synthetic.safetensors"]


def read(path):
    if path.suffix == ".ckpt":
        return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    with safetensors.safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def line(name, tensor):
    digest = hashlib.sha256(tensor.float().contiguous().numpy().astype("<f4").tobytes()).hexdigest()
    shape = ",".join(map(str, tensor.shape))
    return f"{name.removeprefix('model.')} {str(tensor.dtype).split('.')[1]} [{shape}] {digest}"


expected = {"torch": torch.__version__, "safetensors": safetensors.__version__}
for file in FILES:
    tensors = read(pathlib.Path(sys.argv[1]) / file)
    lines = sorted(line(name, tensor) for name, tensor in tensors.items() if tensor.is_floating_point())
    expected[file] = {"tensors": len(tensors), "lines": len(lines), "some": lines[::40],
                      "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
with open("trained.json", "w") as file:
    json.dump(expected, file, indent=1)
