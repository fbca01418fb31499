"""The network beside its peers: `make bench`'s last table.

    python network.py DATA REFERENCE [ROWS]

Each contender is a process that has loaded the network and waits; the driver lets one run at a time, ours before each
peer, round after round, so that a machine that slows down slows all of them. Figures are medians of ROUNDS runs, ours of
all its runs, a batch's by the image. The best peer is that of the same precision. A peer that is not installed, or
cannot do a row, is named and left out.

ROWS, by comma: 960 (the default), 640, 1024, 1280, batch4, thread1, memory, load; `all` is all of them.
BENCH_MODELS narrows the models, by comma; BENCH_PEERS the peers, by semicolon.
"""
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 7))
# What a peer may take to load, and to run once, before it is left out.
LOAD_SECONDS, RUN_SECONDS = 60, 10
MODELS = {"resnet50": "resnet50_epoch=1-step=823.ckpt", "efficientnet_b4": "efficientnet_b4.safetensors"}
ROWS = {"960": {}, "640": {"side": 640}, "1024": {"side": 1024}, "1280": {"side": 1280}, "batch4": {"batch": 4},
        "thread1": {"threads": 1}}


# ------------------------------------------------------------------ peers: each returns what runs one batch

def torch_model(work, compiled=False, bf16=False):
    sys.path.insert(0, work["reference"])
    import dbref
    import torch
    torch.set_num_threads(work["threads"])
    net = dbref.load(work["model"], work["checkpoint"]).to(memory_format=torch.channels_last)
    if compiled:
        import torch._inductor.config
        torch._inductor.config.freezing = True
        net = torch.compile(net)
    image = torch.from_numpy(work["input"]).to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return net(image).float().numpy()
    return run


def onnxruntime_model(work):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work["threads"]
    session = onnxruntime.InferenceSession(work["onnx"], options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": work["input"]})[0]


def openvino_model(work, hint="LATENCY", precision="f32"):
    import openvino
    core = openvino.Core()
    model = core.read_model(work["onnx"])
    model.reshape(work["input"].shape)
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": work["threads"]})
    if hint == "LATENCY":
        request = compiled.create_infer_request()
        return lambda: request.infer([work["input"]], share_inputs=True)[0]
    # As many images at a time as it wants.
    queue = openvino.AsyncInferQueue(compiled)
    work["images"] = len(queue) * len(work["input"])

    def run():
        for _ in range(len(queue)):
            queue.start_async([work["input"]], share_inputs=True)
        queue.wait_all()
        return queue[0].get_output_tensor().data
    return run


def opencv_model(work):
    import cv2
    cv2.setNumThreads(work["threads"])
    net = cv2.dnn.readNetFromONNX(work["onnx"])

    def run():
        net.setInput(work["input"])
        return net.forward()
    return run


PEERS = {
    "torch eager": ("fp32", torch_model, {}),
    "torch eager, bf16": ("bf16", torch_model, {"bf16": True}),
    "torch.compile": ("fp32", torch_model, {"compiled": True}),
    "torch.compile, bf16": ("bf16", torch_model, {"compiled": True, "bf16": True}),
    "ONNX Runtime": ("fp32", onnxruntime_model, {}),
    "OpenVINO, latency": ("fp32", openvino_model, {}),
    "OpenVINO, throughput": ("fp32", openvino_model, {"hint": "THROUGHPUT"}),
    "OpenVINO, latency, bf16": ("bf16", openvino_model, {"precision": "bf16"}),
    "OpenVINO, throughput, bf16": ("bf16", openvino_model, {"hint": "THROUGHPUT", "precision": "bf16"}),
    "OpenCV DNN": ("fp32", opencv_model, {}),
}


def serve(name, work):
    """A peer's process: one run to warm up, which tells how far its map is from ours, then one for each line of stdin."""
    import numpy as np
    precision, build, settings = PEERS[name]
    side, batch = work["side"], work["batch"]
    try:
        work["input"] = np.fromfile(work["folder"] + "/input.f32", np.float32).reshape(batch, 3, side, side)
        run = build(work, **settings)
        theirs = np.asarray(run()).reshape(-1)
        ours = np.fromfile(work["folder"] + f"/output-{precision}.f32", np.float32)
        print(json.dumps({"difference": float(np.abs(ours - theirs[:ours.size]).max())}), flush=True)
    except Exception as error:  # a library's own, of any type
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return print(json.dumps({"error": reason[0][:90]}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(json.dumps({"seconds": time.perf_counter() - start, "images": work.get("images", batch)}), flush=True)


# ------------------------------------------------------------------ driver

class Contender:
    """A process that waits for its turns."""

    def __init__(self, command, environment={}):
        self.start, self.seconds = time.perf_counter(), []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=None if "BENCH_DEBUG" in os.environ else subprocess.DEVNULL,
                                        env={**os.environ, **environment})
        # torch.compile may take minutes, or never end.
        ready, _, _ = select.select([self.process.stdout], [], [], LOAD_SECONDS)
        if not ready:
            self.process.kill()
        line = self.process.stdout.readline() if ready else ""
        self.load = time.perf_counter() - self.start
        self.first = json.loads(line) if line else {
            "error": "it ended without a map" if ready else f"no map within {LOAD_SECONDS} s"}

    def run(self, batch):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.seconds.append(answer["seconds"] / answer.get("images", batch))
        self.peak = answer.get("peak_bytes", 0)

    @property
    def ms(self):
        return statistics.median(self.seconds) * 1e3

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def ours(work, precision, waiting="passive"):
    """Workers sleep between steps, as predict has them."""
    settings = [f"{key}={work[key]}" for key in ("side", "batch", "threads")]
    command = [HERE / ".build/release/bench", "network", work["checkpoint"], work["image"], work["folder"]]
    contender = Contender([*command, f"precision={precision}", *settings], {"OMP_WAIT_POLICY": waiting})
    if error := contender.first.get("error"):
        print(f"  submit, {precision}: left out: {error}")
        return None
    return contender


def beside_peers(title, work):
    """The table of one network at one size, batch and number of threads."""
    own = {precision: c for precision in ("fp32", "bf16") if (c := ours(work, precision))}
    peers, left_out = {}, {}
    wanted = os.environ.get("BENCH_PEERS")
    for name in PEERS if wanted is None else wanted.split(";"):
        peer = Contender([sys.executable, __file__, "--serve", name, json.dumps(work)])
        if error := peer.first.get("error"):
            left_out[name] = error
            peer.end()
            continue
        peer.run(work["batch"])
        if peer.seconds.pop() < RUN_SECONDS:
            peers[name] = peer
        else:
            left_out[name] = f"more than {RUN_SECONDS} s an image"
            peer.end()
    for _ in range(ROUNDS):
        for name, peer in peers.items():
            if PEERS[name][0] in own:
                own[PEERS[name][0]].run(work["batch"])
            peer.run(work["batch"])
        for contender in own.values():
            contender.run(work["batch"])
    print(f"\n{title}\n  {'':30} {'ms':>8} {'ours/it':>8}  map's difference")
    for precision, contender in own.items():
        print(f"  {'submit, ' + precision:30} {contender.ms:8.1f}")
        rivals = {name: peer for name, peer in peers.items() if PEERS[name][0] == precision}
        best = min(rivals, key=lambda name: rivals[name].ms, default=None)
        for name, peer in rivals.items():
            print(f"    {name:28} {peer.ms:8.1f} {contender.ms / peer.ms:8.3f}  {peer.first['difference']:.1e}"
                  + ("  best peer" if name == best else ""))
    for name, error in left_out.items():
        print(f"    {name:28} left out: {error}")
    sys.stdout.flush()
    for contender in [*own.values(), *peers.values()]:
        contender.end()


def alone(model, work, row):
    """What needs no peer: the peak of memory, and the time from a process's start to its first map."""
    for precision in ("fp32", "bf16"):
        if not (first := ours(work, precision)):
            continue
        first.run(1)
        loads = [first.load]
        first.end()
        if row == "memory":
            print(f"{model}, 960, {precision}: peak memory {first.peak / 1e6:.0f} MB")
            continue
        for _ in range(ROUNDS - 1):
            again = ours(work, precision)
            loads.append(again.load)
            again.end()
        print(f"{model}, 960, {precision}: {statistics.median(loads) * 1e3:.0f} ms from the start to the first map")
    sys.stdout.flush()


def main():
    data, reference = (str(Path(p).resolve()) for p in sys.argv[1:3])
    rows = (sys.argv[3] if len(sys.argv) > 3 else "960").split(",")
    rows = [*ROWS, "memory", "load"] if rows == ["all"] else rows
    if unknown := [row for row in rows if row not in [*ROWS, "memory", "load"]]:
        sys.exit(f"network.py: no row {unknown[0]}; there are {', '.join(ROWS)}, memory, load, all")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            for model in os.environ.get("BENCH_MODELS", ",".join(MODELS)).split(","):
                work = {"side": 960, "batch": 1, "threads": 2, **ROWS.get(row, {})}
                work.update(model=model, checkpoint=f"{data}/checkpoints/{MODELS[model]}", folder=folder,
                            reference=reference, image=data + "/receipts/images/sroie_000.jpg")
                if row not in ROWS:
                    alone(model, work, row)
                    continue
                # A file of one fixed size; a batch wants the free ones.
                size = ["--size", str(work["side"])] if work["batch"] == 1 else []
                work["onnx"] = f"{folder}/{model}-{row}.onnx"
                subprocess.run([HERE.parent / ".build/release/submit", "export", work["checkpoint"], "--quiet",
                                "--output", work["onnx"], *size], check=True)
                beside_peers("{model}, {side}, batch {batch}, {threads} threads".format(**work), work)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
