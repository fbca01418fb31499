#!/usr/bin/env bash
# The main job on samples/: predict -> sweep -> ensemble -> validate. A second run skips what is done.
# Sizes, thresholds and IoU of the vote were picked on these same images: it shows the commands, not a gain to expect.
set -euo pipefail
cd "$(dirname "$0")/.."

submit="$(swift build -c release --show-bin-path)/submit"
checkpoint=samples/checkpoints/efficientnet_b0_synthetic.safetensors
out=submissions/demo
say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
run() { printf '$ submit %s\n' "$*" >&2; "$submit" "$@"; }

say "1. predict: the network runs once an image and size; three sizes stand in for folds"
sizes=(896 960 1120)
for size in "${sizes[@]}"; do
    run predict --checkpoint "$checkpoint" --images samples/images --maps "$out/maps/$size" --size "$size"
done

say "2. sweep: 75 settings from the maps, scored as the leaderboard scores"
run sweep --maps "$out/maps/960" --truth samples/truth.json --config configs/sweeps/grid75.yaml \
    --output "$out/sweep" --top 3

say "3. ensemble: boxes that two of three sizes see; small text overlaps less across sizes, so IoU 0.3"
for size in "${sizes[@]}"; do
    run extract --maps "$out/maps/$size" --thresh 0.22 --box-thresh 0.32 --max-candidates 600 \
        --json "$out/$size.json" --csv "$out/$size.csv" --quiet
done
sources=("${sizes[@]/#/$out/}")
sources=("${sources[@]/%/.json}")
run ensemble --votes 2 --iou 0.3 "${sources[@]}" --truth samples/truth.json \
    --json "$out/vote2.json" --csv "$out/vote2.csv"

say "4. validate: before it costs a submission"
run validate "$out/vote2.csv" --images samples/images --truth samples/truth.json --json "$out/vote2.json"

say "5. the candidates, ranked"
candidates=("$out"/*.csv "$out"/sweep/0*.csv)
run score --truth samples/truth.json --rank "${candidates[@]}"
say "CSVs to submit: ${candidates[*]}"
