"""Probability maps of whole networks with weights that both sides draw from the tensors' names.

    python make_goldens.py REFERENCE_FOLDER

Writes networks.json (timm's and torch's tensor names and shapes, some elements of each stage) and maps.f32 (the maps,
Float32, little-endian, one after the other). REFERENCE_FOLDER holds dbref.py.

Weights: number i of tensor NAME is SplitMix64's output i from the seed FNV-1a(NAME); its upper 24 bits make u in
[-1,1). Convolutions: u * sqrt(6 / fan-in), less the mean of each kernel (of each pixel's terms where the kernel has one
pixel or is a transposed one), so that what varies over the image is not drowned by constants. Batch norms: a running
variance of 4^k, k in -4...11 from the upper 4 bits, and a weight that undoes it but for a factor in [.5,1); a running
mean of u / 8. Biases: u / 16. The last convolution is scaled and shifted by the two numbers in networks.json, so that
the map's values spread over (0,1).
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
from torch import nn

sys.path.insert(0, sys.argv[1])
import dbref  # noqa: E402
import timm  # noqa: E402

HEIGHT, WIDTH = 64, 96
LAST = {False: "head.binarize.6", True: "head.binarize.6.2"}  # by smooth

def bits(name, count):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

def integers(name, count):
    return (bits(name, count) >> np.uint64(40)).astype(np.int64) - 2**23

def units(name, count):
    return integers(name, count) / 2**23

def values(name, shape, last, gain, shift):
    count = math.prod(shape)
    stem, _, leaf = name.rpartition(".")
    u = units(name, count)
    if leaf == "running_var":
        result = 4.0 ** exponents(stem, count)
    elif leaf == "running_mean":
        result = u / 8
    elif leaf == "weight" and len(shape) == 1:
        result = (0.75 + 0.25 * u) * 2.0 ** exponents(stem, count)
    elif leaf == "weight":
        transposed = shape[2:] == (2, 2)
        axes = 0 if transposed else 1 if shape[2:] == (1, 1) else (2, 3)
        whole = integers(name, count).reshape(shape)
        fan_in = shape[0] if transposed else math.prod(shape[1:])
        terms = whole.size // whole.sum(axes).size
        result = (whole * terms - whole.sum(axes, keepdims=True)) * (math.sqrt(6 / fan_in) / (terms * 2**23))
        result = result * (2.0**gain if stem == last else 1)
    else:
        result = u / 16 + (shift if stem == last else 0)
    return torch.from_numpy(result.astype(np.float32).reshape(shape))

def exponents(stem, count):
    return (bits(stem + ".running_var", count) >> np.uint64(60)).astype(np.int64) - 4

class Raise(nn.Sequential):
    """The public baseline's `smooth` upsampling; its last one ends in a 1x1 convolution without padding."""

    def __init__(self, channels, is_last, bias):
        layers = [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(channels, channels, 3, padding=1, bias=bias)]
        super().__init__(*layers, *([nn.Conv2d(channels, 1, 1)] if is_last else []))

def network(case):
    net = dbref.Detector(case["backbone"])
    channels = [net.encoder.model.feature_info.channels()[level] for level in net.encoder.levels]
    net.decoder = dbref.UNetDecoder(channels, case["inner"], case["output"])
    net.head = dbref.DBHead(4 * case["output"])
    if case["smooth"]:
        for branch in (net.head.binarize, net.head.thresh):
            branch[3] = Raise(case["output"], False, case["bias"])
            branch[6] = Raise(case["output"], True, case["bias"])
    if case["bias"]:
        for module in [*net.decoder.modules(), net.head.binarize[0], net.head.thresh[0]]:
            if isinstance(module, nn.Conv2d):
                module.bias = nn.Parameter(torch.zeros(module.out_channels))
    return net.eval()

def fill(net, case):
    last = LAST[case["smooth"]]
    state = {name: values(name, tuple(t.shape), last, case["gain"], case["shift"])
             for name, t in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    net.load_state_dict(state, strict=False)

def stages(net, image):
    maps = net.encoder(image)
    features = torch.cat(net.decoder(maps), 1)
    logits = net.head.binarize[:-1](features)
    return maps, features, logits

def probe(tensor):
    """16 of its elements, evenly spaced from the first on."""
    flat = tensor.flatten().tolist()
    return [flat[index * (len(flat) // 16)] for index in range(16)]

def tensors(module, prefix):
    """One line a tensor, `NAME shape`; the tensors of a batch norm in one line, `NAME norm channels`."""
    lines = []
    for name, tensor in module.state_dict(prefix=prefix).items():
        stem, _, leaf = name.rpartition(".")
        if stem + ".running_mean" not in module.state_dict(prefix=prefix):
            lines.append(f"{name} {','.join(map(str, tensor.shape))}")
        elif leaf == "weight":
            lines.append(f"{stem} norm {len(tensor)}")
    return lines

FAMILIES = ["resnet18", "resnet34", "resnet50", "resnet101"] + [
    f"{tf}efficientnet_b{i}" for i in range(6) for tf in ("", "tf_")]
CASES = [(name, name, 256, 64, False, False) for name in FAMILIES] + [
    ("narrow decoder", "resnet18", 96, 24, False, False),
    ("convolutions with bias", "efficientnet_b0", 128, 32, False, True),
    ("smooth", "resnet18", 256, 64, True, False),
    ("smooth with bias", "efficientnet_b0", 64, 32, True, True),
]

@torch.no_grad()
def main():
    image = torch.from_numpy((units("image", 3 * HEIGHT * WIDTH) * 2).astype(np.float32).reshape(1, 3, HEIGHT, WIDTH))
    encoders, cases, maps = {}, [], []
    for name, backbone, inner, output, smooth, bias in CASES:
        case = dict(name=name, backbone=backbone, inner=inner, output=output, smooth=smooth, bias=bias, gain=0, shift=0.0)
        net = network(case)
        fill(net, case)
        logits = stages(net, image)[2]
        case["gain"] = round(math.log2(1.2 / logits.std().item()))
        fill(net, case)
        case["shift"] = -round(4 * stages(net, image)[2].mean().item()) / 4
        fill(net, case)
        encoded, features, logits = stages(net, image)
        result = net(image)[0, 0]
        assert torch.equal(result, logits.sigmoid()[0, 0])
        inside = ((result > 0.05) & (result < 0.95)).float().mean().item()
        assert inside > 0.9 and result.std() > 0.15 and 0.4 < result.mean() < 0.6, (name, inside, result.std(), result.mean())
        # The map is worth comparing only where the form that shapes do not tell would change it.
        twin = backbone.removeprefix("tf_") if backbone.startswith("tf_") else "tf_" + backbone
        change = None
        if "efficientnet" in backbone:
            other = network({**case, "backbone": twin})
            fill(other, case)
            change = (other(image)[0, 0] - result).abs().max().item()
            assert change > 0.1, (name, change)

        print(f"{name:24} map {result.mean():.3f} +- {result.std():.3f}, {inside:.1%} in (.05,.95), other form {change}")
        key = backbone.removeprefix("tf_")
        lines = tensors(net.encoder, "encoder.")
        assert encoders.setdefault(key, lines) == lines
        case["tensors"] = tensors(net.decoder, "decoder.") + tensors(net.head, "head.")
        case["encoder"] = key
        case["stages"] = [
            dict(shape=list(t.shape), deviation=float(f"{t.std():.6g}"), values=[float(f"{v:.8g}") for v in probe(t)])
            for t in [*encoded, features]]
        cases.append(case)
        maps.append(result.numpy().astype("<f4").tobytes())
    folder = pathlib.Path(__file__).parent
    (folder / "maps.f32").write_bytes(b"".join(maps))
    made = f"torch {torch.__version__}, timm {timm.__version__}"
    (folder / "networks.json").write_text(
        json.dumps(dict(made=made, height=HEIGHT, width=WIDTH, encoders=encoders, cases=cases), indent=0) + "\n")

main()
