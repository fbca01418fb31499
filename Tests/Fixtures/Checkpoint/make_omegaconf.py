"""Writes Lightning-like checkpoints whose hyper-parameters are OmegaConf's own objects.

    python make_omegaconf.py        (in this folder; torch, omegaconf)
"""
import torch
from omegaconf import OmegaConf

config = OmegaConf.create({
    "models": {"encoder": {"model_name": "resnet50", "select_features": [1, 2, 3, 4]},
               "head": {"postprocess": {"thresh": 0.22, "use_polygon": True, "name": "${..name}", "absent": "???"},
                        "name": None}}})
for protocol in (1, 2, 5):
    torch.save({"state_dict": {"model.w": torch.ones(2)}, "hyper_parameters": {"config": config}},
               f"omegaconf_p{protocol}.ckpt", pickle_protocol=protocol)
