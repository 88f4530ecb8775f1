#!/usr/bin/env bash
# All kernel tests, in two halves at a time, each in namespaces of its own: they wait more than they compute.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
halves=()
trap 'kill "${halves[@]}" 2>/dev/null || true; rm -rf "$logs"' EXIT

for half in 1 2; do
  tools/in-namespace.sh npm run --silent test:netns -- --shard="$half/2" >"$logs/$half" 2>&1 &
  halves+=($!)
done
failed=0
for half in 1 2; do
  wait "${halves[half - 1]}" || failed=1
  cat "$logs/$half"
done
exit "$failed"
