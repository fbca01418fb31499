#!/usr/bin/env bash
# The main job on samples/: predict -> sweep -> ensemble -> validate. A second run skips what is done.
set -euo pipefail
cd "$(dirname "$0")/.."

submit="$(swift build -c release --show-bin-path)/submit"
checkpoint=samples/checkpoints/efficientnet_b0_synthetic.safetensors
out=submissions/demo
say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
run() { printf '$ submit %s\n' "$*" >&2; "$submit" "$@"; }

say "1. predict: the network runs once an image and a view; four looks stand in for four folds"
for size in 640 800 960; do
    run predict --checkpoint "$checkpoint" --images samples/images --maps "$out/maps/$size" --size "$size"
done
run predict --checkpoint "$checkpoint" --images samples/images --maps "$out/maps/800-hflip" --size 800 --tta hflip

say "2. sweep: 75 settings from the maps, scored as the leaderboard scores"
run sweep --maps "$out/maps/800" --truth samples/truth.json --config configs/sweeps/grid75.yaml \
    --output "$out/sweep" --top 3

say "3. ensemble: one vote a source"
for source in 640 800 960 800-hflip; do
    run extract --maps "$out/maps/$source" --thresh 0.22 --box-thresh 0.25 --max-candidates 600 \
        --json "$out/$source.json" --csv "$out/$source.csv" --quiet
done
sources=("$out/640.json" "$out/800.json" "$out/960.json" "$out/800-hflip.json")
run ensemble --votes 3 --iou 0.5 "${sources[@]}" --truth samples/truth.json \
    --json "$out/vote3.json" --csv "$out/vote3.csv"

say "4. validate: before it costs a submission"
run validate "$out/vote3.csv" --images samples/images --truth samples/truth.json --json "$out/vote3.json"

say "5. the candidates, ranked"
run score --truth samples/truth.json --rank "${sources[@]}" "$out/vote3.json" "$out"/sweep/0*.csv
say "CSVs to submit:"
find "$out" -name '*.csv' ! -name results.csv | sort
