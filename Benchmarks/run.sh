#!/usr/bin/env bash
# Our figures beside the peers' in one run, as ratios. DATA and REFERENCE name the real receipts and the reference kit;
# without them there is nothing to measure on. PYTHON is an interpreter that has the peers of requirements.txt; one is
# made otherwise. ROWS are the network's: 960 alone unless told, or some of those that network.py names.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${DATA:-../shared/data}
reference=${REFERENCE:-../shared/reference}
[ -d "$data" ] || { echo "bench: no data at $data; set DATA to a folder with receipts/, maps/ and checkpoints/" >&2; exit 66; }

swift build -c release --package-path Benchmarks >&2
python=${PYTHON:-Benchmarks/.venv/bin/python}
if [ ! -x "$(command -v "$python")" ]; then
    [ -z "${PYTHON:-}" ] || { echo "bench: no interpreter $PYTHON" >&2; exit 66; }
    python3 -m venv Benchmarks/.venv
    Benchmarks/.venv/bin/pip install -q -r Benchmarks/requirements.txt
fi
# As predict sets it.
ours=$(GOMP_SPINCOUNT=10000 Benchmarks/.build/release/bench "$data")
theirs=
if [ -d "$reference" ]; then
    # The scripts of ICDAR 2015 (as DB has it), DetEval and TedEval; a line without its script has no peer.
    kits=${KITS:-Benchmarks/.kits}
    clone() {
        [ -d "$kits/$1" ] || git clone -q --depth 1 "https://github.com/$2" "$kits/$1" >&2 ||
            echo "bench: no $2, so no peer for its metric" >&2
    }
    clone DB MhLiao/DB
    clone deteval boostcampaitech4lv23cv1/level2_dataannotation_cv-level2-cv-04
    clone TedEval clovaai/TedEval
    theirs=$("$python" Benchmarks/peers.py "$reference" "$data" "$kits")
fi
OURS="$ours" THEIRS="$theirs" python3 - <<'PY'
import json, os
ours, theirs = ({r["name"]: r["seconds"] for r in map(json.loads, os.environ[k].split("\n")) } if os.environ[k] else {}
                for k in ("OURS", "THEIRS"))
print(f"{'what':52}  {'ours ms':>10}  {'peer ms':>10}  {'ours/peer':>9}")
for name, seconds in ours.items():
    peer = theirs.get(name)
    print(f"{name:52}  {seconds*1e3:10.3f}  " + (f"{peer*1e3:10.1f}  {seconds/peer:9.4f}" if peer else f"{'-':>10}  {'-':>9}"))
grid, five = (next(s for n, s in ours.items() if n.startswith("sweep, " + k) and "400" not in n and "processes" not in n)
              for k in ("75 points", "the grid's 5"))
print(f"75 points cost {grid / five:.2f} times their five thresholds")
PY
"$python" Benchmarks/network.py "$data" "$reference" "${ROWS:-960}"
