#!/bin/sh
# Labels a folder of photos on many machines: each task of a Slurm array takes its part.
#
#     sbatch --array=1-8 --cpus-per-task=4 slurm-array.sh PHOTOS OUTPUT CLASSES
#
# OUTPUT gets report-3-of-8.jsonl and found-3-of-8.json, a COCO data set, of the third of eight tasks. A task whose machine
# dies is started again by Slurm and goes on where it stopped. docs/outputs.md tells how to join the parts.
#SBATCH --job-name=san
#SBATCH --requeue
set -eu
photos=$1 output=$2 classes=$3
mkdir -p "$output"
# 65: some photos are damaged; the report says which, and the others are done.
san-cli segment "$photos" --classes "$classes" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --threads "${SLURM_CPUS_PER_TASK:-1}" --no-overlay --quiet --skip-existing \
  --report "$output/report.jsonl" --coco "$output/found.json" > /dev/null || [ $? -eq 65 ]
