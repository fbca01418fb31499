"""The network beside its peers: `make bench`'s last table.

    python network.py DATA REFERENCE [ROWS]

Each contender is a process that has loaded the network and waits; the driver lets one run at a time, ours before each
peer, round after round, so that a machine that slows down slows all of them. Figures are medians of ROUNDS runs, ours of
all its runs, a batch's by the image. The best peer is that of the same precision. Where `predict` computes two images
side by side, in int8, a second contender of ours does so too, and stands beside the peer that does likewise
(`throughput`); the others stand beside one image at a time. A peer that is not installed, or cannot do a row, is named
and left out.

int8 is calibrated at 960 on the images that `submit calibrate` picks, the peers' by NNCF for OpenVINO and by ONNX
Runtime's own quantizer; the image that is timed is none of them. Its maps are held against our fp32 one, the others'
against ours of their precision: the largest and the mean difference, and the IoU of what lies above 0.3.

The image is a receipt, half of whose canvas is padding, of which ours computes less; `filled` is the middle of it,
which leaves none.

ROWS, by comma: 960 (the default), filled, 640, 1024, 1280, batch4, thread1, and of ours alone memory, load and predict:
the time an image of a whole run, decoding and compressing too, beside the network's own; `all` is all of them.
BENCH_MODELS narrows the models, by comma; BENCH_PEERS the peers, by semicolon. BENCH_FOLDER keeps the exported and the
quantized models for the next run.
"""
import contextlib
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 7))
PRECISIONS = ("fp32", "bf16", "int8")
TWO = "int8, two side by side"
# What a peer may take to load (to quantize or compile, too), and to run once, before it is left out.
LOAD_SECONDS, RUN_SECONDS = 900, 10
PAUSE_SECONDS = 0.3
# Images of the two runs of `predict` whose difference is the time of those between.
FEW, MANY = 8, 48
# A map with less of the text in common is not the network's, and its peer never the best one.
USABLE_IOU, WRONG = 0.9, "  not the network's map"
MODELS = {"resnet50": "resnet50_epoch=1-step=823.ckpt", "efficientnet_b4": "efficientnet_b4.safetensors"}
ROWS = {"960": {}, "filled": {"filled": True}, "640": {"side": 640}, "1024": {"side": 1024}, "1280": {"side": 1280},
        "batch4": {"batch": 4}, "thread1": {"threads": 1}}
ALONE = ("memory", "load", "predict")
IMAGE = "sroie_010.jpg"


# ------------------------------------------------------------------ peers: each returns what runs one batch

def torch_model(work, compiled=False, bf16=False):
    sys.path.insert(0, work["reference"])
    import dbref
    import torch
    torch.set_num_threads(work["threads"])
    net = dbref.load(work["model"], work["checkpoint"]).to(memory_format=torch.channels_last)
    if compiled:
        # Without freezing: that gave a map that is not the network's.
        net = torch.compile(net)
    image = torch.from_numpy(work["input"]).to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return net(image).float().numpy()
    return run


def calibration_inputs(work):
    """The images of our calibration, as the network takes them."""
    sys.path.insert(0, work["reference"])
    import dbref
    calibration = json.loads(Path(work["calibration"]).read_text())
    folder = Path(work["images"])
    return [dbref.letterbox(folder / name, calibration["size"])[0].numpy() for name in calibration["images"]]


def quantized(work, suffix, quantize):
    """The path of the model of any size in bytes, written once a folder."""
    path = work["free"].replace(".onnx", suffix)
    if not os.path.exists(path):
        with contextlib.redirect_stdout(sys.stderr):  # stdout is the driver's
            quantize(path)
    return path


def quantized_by_onnxruntime(work):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        inputs = iter(calibration_inputs(work))

        def get_next(self):
            return {"input": image} if (image := next(self.inputs, None)) is not None else None

    return quantized(work, "-qdq.onnx", lambda path: quantize_static(
        work["free"], path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8))


def quantized_by_nncf(work):
    import nncf
    import openvino

    def quantize(path):
        inputs = calibration_inputs(work)
        model = nncf.quantize(openvino.Core().read_model(work["free"]), nncf.Dataset(inputs),
                              preset=nncf.QuantizationPreset.MIXED, subset_size=len(inputs))
        openvino.save_model(model, path, compress_to_fp16=False)
    return quantized(work, "-nncf.xml", quantize)


def onnxruntime_model(work, int8=False):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work["threads"]
    path = quantized_by_onnxruntime(work) if int8 else work["onnx"]
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": work["input"]})[0]


def openvino_model(work, hint="LATENCY", precision="f32", int8=False):
    """`precision` is that of what is not in bytes."""
    import openvino
    core = openvino.Core()
    model = core.read_model(quantized_by_nncf(work) if int8 else work["onnx"])
    model.reshape(work["input"].shape)
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": work["threads"]})
    if hint == "LATENCY":
        request = compiled.create_infer_request()
        return lambda: request.infer([work["input"]], share_inputs=True)[0]
    # As many images at a time as it wants.
    queue = openvino.AsyncInferQueue(compiled)
    work["done"] = len(queue) * len(work["input"])

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
    "OpenVINO, latency, int8": ("int8", openvino_model, {"precision": "bf16", "int8": True}),
    "OpenVINO, throughput, int8": ("int8", openvino_model, {"hint": "THROUGHPUT", "precision": "bf16", "int8": True}),
    "ONNX Runtime, int8": ("int8", onnxruntime_model, {"int8": True}),
    "OpenCV DNN": ("fp32", opencv_model, {}),
}


def own_map(folder, precision):
    import numpy as np
    return np.fromfile(f"{folder}/output-{precision}.f32", np.float32)


def difference(folder, precision, theirs):
    """How far a map is from ours; one of int8 from that of fp32."""
    import numpy as np
    ours = own_map(folder, "fp32" if precision == "int8" else precision)
    theirs = np.asarray(theirs).reshape(-1)[:ours.size]
    apart, text, their_text = np.abs(ours - theirs), ours > 0.3, theirs > 0.3
    iou = (text & their_text).sum() / max(1, (text | their_text).sum())
    return f"{apart.max():.1e} {apart.mean():.1e} {iou:.4f}" + (WRONG if iou < USABLE_IOU else "")


def serve(name, work):
    """A peer's process: one run to warm up, which tells how far its map is from ours, then one for each line of stdin."""
    import numpy as np
    precision, build, settings = PEERS[name]
    side, batch = work["side"], work["batch"]
    try:
        work["input"] = np.fromfile(work["folder"] + "/input.f32", np.float32).reshape(batch, 3, side, side)
        run = build(work, **settings)
        print(json.dumps({"difference": difference(work["folder"], precision, run())}), flush=True)
    except Exception as error:  # a library's own, of any type
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return print(json.dumps({"error": reason[0][:90]}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(json.dumps({"seconds": time.perf_counter() - start, "images": work.get("done", batch)}), flush=True)


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

    def run(self, batch, pause=PAUSE_SECONDS):
        # Threads of the one before may spin on for a while.
        time.sleep(pause)
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


def ours(work, name):
    """Workers wait between steps as predict has them."""
    precision, streams = name.split(",")[0], 2 if name == TWO else 1
    if streams > work["threads"]:
        return None
    settings = [f"{key}={work[key]}" for key in ("side", "batch", "threads", "calibration")]
    command = [HERE / ".build/release/bench", "network", work["checkpoint"], work["image"], work["folder"]]
    contender = Contender([*command, f"precision={precision}", f"streams={streams}", *settings], {"GOMP_SPINCOUNT": "10000"})
    if error := contender.first.get("error"):
        print(f"  submit, {name}: left out: {error}")
        return None
    return contender


def beside_peers(title, work):
    """The table of one network at one size, batch and number of threads."""
    own = {name: c for name in (*PRECISIONS, TWO) if (c := ours(work, name))}
    peers, left_out = {}, {}

    def beside(name):
        """Ours that does what the peer does."""
        precision, _, settings = PEERS[name]
        two = own.get(TWO) if settings.get("hint") == "THROUGHPUT" and precision == "int8" else None
        return two or own[precision]

    wanted = os.environ.get("BENCH_PEERS")
    for name in PEERS if wanted is None else wanted.split(";"):
        if PEERS[name][0] not in own:
            left_out[name] = f"no {PEERS[name][0]} of ours to stand beside"
            continue
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
            beside(name).run(work["batch"])
            peer.run(work["batch"])
        for contender in own.values():
            contender.run(work["batch"])
    print(f"\n{title}\n  {'':30} {'ms':>8} {'ours/it':>8}  map's difference: max, mean, IoU")
    for kind, contender in own.items():
        precision = kind.split(",")[0]
        line = f"  {'submit, ' + kind:30} {contender.ms:8.1f}"
        if precision == "int8":
            line += f" {'':8}  {difference(work['folder'], precision, own_map(work['folder'], precision))}"
            line += f"  int8/bf16 {contender.ms / own['bf16'].ms:.3f}" if "bf16" in own else ""
        print(line)
        rivals = {name: peer for name, peer in peers.items() if PEERS[name][0] == precision}
        right = [name for name in rivals if WRONG not in rivals[name].first["difference"]]
        best = min(right, key=lambda name: rivals[name].ms, default=None)
        for name, peer in rivals.items():
            if beside(name) is contender:
                print(f"    {name:28} {peer.ms:8.1f} {contender.ms / peer.ms:8.3f}  {peer.first['difference']}"
                      + ("  best peer" if name == best else ""))
    for name, error in left_out.items():
        print(f"    {name:28} left out: {error}")
    sys.stdout.flush()
    for contender in [*own.values(), *peers.values()]:
        contender.end()


def alone(model, work, row):
    """What needs no peer: the peak of memory, and the time from a process's start to its first map."""
    for precision in PRECISIONS:
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


def whole_run(model, work):
    """What an image of a whole run of `predict` takes beside the network's own time: means of as many images, in turns,
    the network's half before the run and half after it."""
    submit = HERE.parent / ".build/release/submit"
    for count in (FEW, MANY):
        os.makedirs(f"{work['folder']}/run-{count}", exist_ok=True)
        for i in range(count):
            shutil.copy(work["image"], f"{work['folder']}/run-{count}/{i:02}{Path(work['image']).suffix}")

    def seconds(count, precision):
        maps = f"{work['folder']}/run-maps"
        command = [submit, "predict", "--quiet", "--checkpoint", work["checkpoint"], "--precision", precision,
                   "--images", f"{work['folder']}/run-{count}", "--maps", maps]
        start = time.perf_counter()
        subprocess.run([*command, "--calibration", work["calibration"]] if precision == "int8" else command, check=True,
                       stdout=subprocess.DEVNULL)
        taken = time.perf_counter() - start
        shutil.rmtree(maps)
        return taken

    for precision in PRECISIONS:
        if not (network := ours(work, TWO if precision == "int8" else precision)):
            continue
        # Runs for half of the images; one of int8 is of two.
        half = (MANY - FEW) // (4 if precision == "int8" else 2)
        whole, own = [], []
        for _ in range(ROUNDS):
            before = len(network.seconds)
            for _ in range(half):
                network.run(1, pause=0)
            whole.append((seconds(MANY, precision) - seconds(FEW, precision)) / (MANY - FEW))
            for _ in range(half):
                network.run(1, pause=0)
            own.append(statistics.mean(network.seconds[before:]))
        network.end()
        ratio = statistics.median(a / b for a, b in zip(whole, own))
        print(f"{model}, 960, {precision}: {statistics.median(whole) * 1e3:.1f} ms an image of a whole run, "
              f"{statistics.median(own) * 1e3:.1f} of the network: {ratio:.3f}", flush=True)


def square(path, folder):
    """The middle of an image, as high as it is wide."""
    from PIL import Image
    image = Image.open(path)
    side, (width, height) = min(image.size), image.size
    left, top = (width - side) // 2, (height - side) // 2
    image.crop((left, top, left + side, top + side)).save(f"{folder}/square.png")
    return f"{folder}/square.png"


def main():
    data, reference = (str(Path(p).resolve()) for p in sys.argv[1:3])
    rows = (sys.argv[3] if len(sys.argv) > 3 else "960").split(",")
    rows = [*ROWS, *ALONE] if rows == ["all"] else rows
    if unknown := [row for row in rows if row not in [*ROWS, *ALONE]]:
        sys.exit(f"network.py: no row {unknown[0]}; there are {', '.join([*ROWS, *ALONE])}, all")
    submit, images = HERE.parent / ".build/release/submit", data + "/receipts/images"
    kept = os.environ.get("BENCH_FOLDER")
    with contextlib.nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
        for row in rows:
            for model in os.environ.get("BENCH_MODELS", ",".join(MODELS)).split(","):
                work = {"side": 960, "batch": 1, "threads": 2, **ROWS.get(row, {})}
                work.update(model=model, checkpoint=f"{data}/checkpoints/{MODELS[model]}", folder=folder,
                            reference=reference, images=images, image=f"{images}/{IMAGE}", free=f"{folder}/{model}.onnx",
                            calibration=f"{folder}/{model}.int8.json")
                if not os.path.exists(work["calibration"]):
                    subprocess.run([submit, "calibrate", work["checkpoint"], "--quiet", "--images", images, "--output",
                                    work["calibration"]], check=True)
                if not os.path.exists(work["free"]):
                    subprocess.run([submit, "export", work["checkpoint"], "--quiet", "--output", work["free"]],
                                   check=True)
                if work.get("filled"):
                    work["image"] = square(work["image"], folder)
                if row in ALONE:
                    whole_run(model, work) if row == "predict" else alone(model, work, row)
                    continue
                # A file of one fixed size; a batch wants the free ones.
                work["onnx"] = f"{folder}/{model}-{work['side']}.onnx" if work["batch"] == 1 else work["free"]
                if not os.path.exists(work["onnx"]):
                    subprocess.run([submit, "export", work["checkpoint"], "--quiet", "--output", work["onnx"],
                                    "--size", str(work["side"])], check=True)
                beside_peers("{model}, {side}, batch {batch}, {threads} threads".format(**work)
                             + (", no padding" if row == "filled" else ""), work)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
