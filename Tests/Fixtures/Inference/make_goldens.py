"""Writes operations.json: what PyTorch gives for each operation of the graph, on small random tensors.

    python3 make_goldens.py

Needs torch alone. Every number is a float32, written so that it reads back exactly; TensorFlow's SAME padding is
spelled out here by its definition (ceil(size / stride) outputs, the odd zero at the end).
"""
import json
import math
import os

import torch
from torch.nn import functional as F

torch.manual_seed(2)


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.flatten().tolist()]


def tensor(t):
    return {"shape": list(t.shape), "values": numbers(t)}


cases = []


def case(operation, inputs, output, weights=None, **parameters):
    cases.append({
        "operation": operation, "parameters": parameters, "inputs": [tensor(t) for t in inputs],
        "weights": {k: tensor(v) for k, v in (weights or {}).items()}, "output": tensor(output)})


def pad_same(x, kernel, stride):
    (h, w), (kh, kw) = x.shape[2:], kernel
    th = max(0, (math.ceil(h / stride) - 1) * stride + kh - h)
    tw = max(0, (math.ceil(w / stride) - 1) * stride + kw - w)
    return F.pad(x, (tw // 2, tw - tw // 2, th // 2, th - th // 2))


for i, o, kh, kw, stride, padding, groups, h, w in [
        (3, 4, 7, 7, 2, 3, 1, 11, 12), (5, 6, 3, 3, 1, 1, 1, 7, 6), (4, 6, 1, 1, 2, 0, 1, 5, 7),
        (6, 4, 3, 3, 1, 0, 2, 6, 5), (6, 6, 5, 5, 1, 2, 6, 6, 7), (4, 4, 3, 5, 1, "same", 1, 5, 6),
        (3, 5, 3, 3, 2, "same", 1, 8, 9), (4, 4, 5, 5, 2, "same", 4, 9, 8), (2, 3, 1, 1, 2, "same", 1, 5, 5)]:
    x, weight, bias = torch.randn(2, i, h, w), torch.randn(o, i // groups, kh, kw), torch.randn(o)
    y = F.conv2d(pad_same(x, (kh, kw), stride), weight, bias, stride, 0, 1, groups) if padding == "same" \
        else F.conv2d(x, weight, bias, stride, padding, 1, groups)
    case("convolution", [x], y, {"weight": weight, "bias": bias}, stride=stride, padding=padding, groups=groups)

for i, o, stride in [(4, 3, 2), (3, 1, 3)]:
    x, weight, bias = torch.randn(2, i, 3, 4), torch.randn(i, o, stride, stride), torch.randn(o)
    case("transposedConvolution", [x], F.conv_transpose2d(x, weight, bias, stride), {"weight": weight, "bias": bias},
         stride=stride)

x, mean, variance, weight, bias = torch.randn(2, 5, 3, 4), torch.randn(5), torch.rand(5) * 3, torch.randn(5), torch.randn(5)
case("batchNorm", [x], F.batch_norm(x, mean, variance, weight, bias, eps=1e-3),
     {"norm.weight": weight, "norm.bias": bias, "norm.running_mean": mean, "norm.running_var": variance}, epsilon=1e-3)
x = torch.randn(1, 2, 4, 5) * 6
case("relu", [x], F.relu(x))
case("silu", [x], F.silu(x))
case("sigmoid", [x], torch.sigmoid(x))
x = torch.randn(2, 3, 7, 8)
case("maxPool", [x], F.max_pool2d(x, 3, 2, 1), kernel=3, stride=2, padding=1)
case("maxPool", [x], F.max_pool2d(x, 2, 2, 0), kernel=2, stride=2, padding=0)
case("globalAveragePool", [x], x.mean((2, 3), keepdim=True))
other, gate = torch.randn(2, 3, 7, 8), torch.rand(2, 3, 1, 1)
case("add", [x, other], x + other)
case("multiplyChannels", [x, gate], x * gate)
case("upsampleNearest", [x], F.interpolate(x, scale_factor=2, mode="nearest"), factor=2)
few = torch.randn(2, 2, 7, 8)
case("concatenate", [x, few], torch.cat([x, few], 1))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "operations.json")
with open(path, "w") as file:
    json.dump({"made_by": "make_goldens.py, torch " + torch.__version__, "cases": cases}, file)
    file.write("\n")
