"""Writes the checkpoints of this folder with torch and safetensors, and what torch reads in them as expected.json.

    python make_checkpoints.py        (in this folder; torch, safetensors, numpy)
"""
import argparse
import collections
import hashlib
import json
import struct
import sys
import tarfile
import types
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

torch.manual_seed(3)


def floats(tensor):
    return tensor.detach().double().contiguous().float().numpy().astype("<f4").tobytes()


expected = {}


def expect(path, tensors):
    expected[path] = {
        name: {"shape": list(t.shape), "dtype": str(t.dtype).split(".")[1], "sha256": hashlib.sha256(floats(t)).hexdigest()}
        for name, t in tensors.items() if t.is_floating_point()}


# Views, shared storage, dtypes.
base = torch.randn(6, 8)
views = collections.OrderedDict([
    ("plain", base), ("transposed", base.t()), ("column", base[:, 3]), ("every_other", base[::2, 1::3]),
    ("expanded", base[:1].expand(5, 8)), ("scalar", torch.tensor(2.5)), ("empty", torch.zeros(0, 4)),
    ("half", torch.randn(33).half()), ("half_edges", torch.tensor([0.0, -0.0, 6e-8, -6e-5, 65504.0]).half()),
    ("brain", torch.randn(7).bfloat16()), ("double", torch.randn(2, 2).double()), ("count", torch.tensor(7)),
    ("parameter", torch.nn.Parameter(torch.randn(3))),
])
for protocol in (1, 2, 3, 4, 5):
    torch.save(views, f"views_p{protocol}.pth", pickle_protocol=protocol)
    expect(f"views_p{protocol}.pth", views)
plain = {k: v.detach().contiguous().clone() for k, v in views.items()}
save_file(plain, "views.safetensors", metadata={"format": "pt", "note": "made for tests"})
expect("views.safetensors", plain)


# A Lightning-like file: classes this tool does not know, by stand-ins at the real module paths.
def stand_in(module, name):
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:depth]), types.ModuleType(".".join(parts[:depth])))
    cls = type(name, (), {"__module__": module})
    setattr(sys.modules[module], name, cls)
    return cls


def make(cls, **state):
    value = cls.__new__(cls)
    value.__dict__.update(state)
    return value


DictConfig = stand_in("omegaconf.dictconfig", "DictConfig")
ListConfig = stand_in("omegaconf.listconfig", "ListConfig")
AnyNode = stand_in("omegaconf.nodes", "AnyNode")
Callback = stand_in("my_project.callbacks", "Mystery")


def config(value):
    if isinstance(value, dict):
        node = make(DictConfig, _metadata=None, _parent=None, _content=None)
        node._content = {k: config(v) for k, v in value.items()}
        for child in node._content.values():
            child._parent = node  # the cycle that OmegaConf has
        return node
    if isinstance(value, list):
        return make(ListConfig, _metadata=None, _parent=None, _content=[config(v) for v in value])
    return make(AnyNode, _metadata=None, _parent=None, _val=value)


weights = collections.OrderedDict((f"model._orig_mod.{k}", v) for k, v in views.items())
weights._metadata = collections.OrderedDict(version=1)
lightning = {
    "epoch": 7, "global_step": 823, "pytorch-lightning_version": "2.1.3", "state_dict": weights,
    "optimizer_states": [{"state": {0: {"exp_avg": torch.randn(4)}}, "param_groups": [{"lr": 1e-3}]}],
    "lr_schedulers": [], "loops": {"fit_loop": {"state_dict": {}}},
    "callbacks": {"ModelCheckpoint{'monitor': 'val/hmean'}": {
        "monitor": "val/hmean", "best_model_score": torch.tensor(0.9653), "current_score": np.float64(0.9641),
        "best_k_models": {"out/epoch=1-step=823.ckpt": torch.tensor([0.9653], dtype=torch.float64)}},
        "Mystery": make(Callback, secret=[1, (2, 3)])},
    "hyper_parameters": {
        "config": config({"models": {"encoder": {"model_name": "tf_efficientnet_b4", "select_features": [1, 2, 3, 4]},
                                     "head": {"postprocess": {"thresh": 0.22, "box_thresh": 0.25, "max_candidates": 600,
                                                              "use_polygon": False}}}}),
        "args": argparse.Namespace(seed=42, lr=np.float32(0.1)),
        "numbers": {"half": np.float16(0.1), "byte": np.uint8(200), "wide": np.uint64(2**64 - 1), "yes": np.bool_(True),
                    "least": -2**63, "huge": -2**90, "not": float("nan"),
                    "brain": torch.tensor(1.5).bfloat16(), "tensor": torch.tensor([1, 2]), "array": np.arange(3.0)},
    },
}
torch.save(lightning, "lightning=1.ckpt")
expect("lightning=1.ckpt", views)


# Hostile: calls that must never run. Each would leave a file named `owned`.
class Hostile:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


import builtins
import os

torch.save({"state_dict": {"w": torch.ones(2)}, "a": Hostile(os.system, "touch owned"),
            "b": Hostile(builtins.eval, "open('owned', 'w')"), "c": Hostile(builtins.exec, "open('owned', 'w')")},
           "hostile.pth")

# Refused forms.
torch.save({"w": torch.ones(2)}, "legacy.pth", _use_new_zipfile_serialization=False)
for protocol in (1, 4):
    torch.save({"w": torch.ones(2)}, f"legacy_p{protocol}.pth", _use_new_zipfile_serialization=False,
               pickle_protocol=protocol)
with tarfile.open("legacy_tar.pth", "w") as archive:
    archive.addfile(tarfile.TarInfo("storages"))
with open("bare_pickle.pth", "wb") as file:
    file.write(b"\x80\x02}q\x00.")
torch.save({"w": torch.tensor([1.0, float("nan"), 3.0]), "inf": torch.tensor([float("-inf")]).half(),
            "wide": torch.tensor([[0.0, 1e300]], dtype=torch.float64)}, "nan.pth")
torch.save({"model": make(Callback, w=torch.ones(2)), "epoch": 3}, "object_inside.pth")
torch.save({"w": torch.zeros(1).expand(1 << 40)}, "repeated.pth")
torch.save(make(Callback, w=torch.ones(2)), "object.pth")
torch.save({"model.a": torch.ones(2), "module.a": torch.ones(2)}, "collision.pth")
torch.save({"none": 1}, "no_tensors.pth")


def rewrite(source, target, change):
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as write:
        for name in read.namelist():
            data = change(name, read.read(name))
            if data is not None:
                write.writestr(zipfile.ZipInfo(name), data)


torch.save({"w": torch.arange(8.0)}, "small.pth")
torch.serialization.set_crc32_options(False)
torch.save({"w": torch.arange(8.0)}, "no_checksums.pth")
torch.serialization.set_crc32_options(True)
expect("no_checksums.pth", {"w": torch.arange(8.0)})
expect("small.pth", {"w": torch.arange(8.0)})

# Several state dicts, and what in one is no tensor of a known dtype.
several = {
    "state_dict_ema": {"w": torch.zeros(2)}, "epoch": 4,
    "state_dict": {"w": torch.ones(2), "code": torch.ones(2, dtype=torch.uint16), "_extra_state": {"scale": 2.0},
                   "quarter": torch.ones(2).to(torch.float8_e4m3fn), "complex": torch.ones(2, dtype=torch.complex64)}}
torch.save(several, "several.pth")
expect("several.pth", {"w": torch.ones(2)})
torch.save({"w": torch.ones(2), "epoch": 5}, "bare.pth")

rewrite("small.pth", "short_storage.pth", lambda n, d: d[:16] if n.endswith("/data/0") else d)
rewrite("small.pth", "missing_storage.pth", lambda n, d: None if n.endswith("/data/0") else d)
rewrite("small.pth", "big_endian.pth", lambda n, d: b"big" if n.endswith("byteorder") else d)
rewrite("small.pth", "long_view.pth", lambda n, d: d.replace(b"K\x08\x85", b"K\x50\x85") if n.endswith("data.pkl") else d)
deep = b"\x80\x02" + b")" + b"\x85" * 100_000 + b"."
rewrite("small.pth", "deep_tuple.pth", lambda n, d: deep if n.endswith("data.pkl") else d)
nest = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
rewrite("small.pth", "deep_list.pth", lambda n, d: nest if n.endswith("data.pkl") else d)


# Small files that ask for much.
def bomb(name, pickle):
    with zipfile.ZipFile("small.pth") as read, zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as write:
        for entry in read.namelist():
            method = zipfile.ZIP_DEFLATED if entry.endswith("data.pkl") else zipfile.ZIP_STORED
            write.writestr(zipfile.ZipInfo(entry), pickle if entry.endswith("data.pkl") else read.read(entry), method)


text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
many = b"]q\x00(" + b"N" * 100_000 + b"e"
bomb("bomb_values.pth", b"\x80\x02(" + b")" * 8_000_000 + b"t.")
bomb("bomb_lists.pth", b"\x80\x02" + many + b"]" + (b"cbuiltins\nlist\nh\x00\x85R" + b"Na" + b"a") * 20_000 + b".")
bomb("bomb_dictionaries.pth", b"\x80\x02}q\x00(" + b"NN" * 100_000 + b"u]"
     + (b"ccollections\nOrderedDict\nh\x00\x85RNNsa") * 20_000 + b".")
bomb("bomb_text.pth", b"\x80\x02" + text + b"q\x00]" + b"c_codecs\nencode\nh\x00\x85Ra" * 3000 + b".")
bomb("bomb_keywords.pth", b"\x80\x02(" + b"N" * 100_000 + b"tq\x00]" + b"cos\nsystem\nh\x00}\x92a" * 20_000 + b".")

with open("expected.json", "w") as file:
    json.dump(expected, file, indent=1)
