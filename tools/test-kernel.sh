#!/usr/bin/env bash
# All kernel tests, in parts of which some run at a time, each in namespaces of its own: they wait more than they
# compute.
set -euo pipefail
cd "$(dirname "$0")/.."
export PARTS=6
at_a_time=3
LOGS=$(mktemp -d)
export LOGS
# As one group of processes, so that it can be ended as one.
set -m
xargs -P "$at_a_time" -I{} bash -c '
  status=0
  tools/in-namespace.sh npm run --silent test:netns -- --shard={}/$PARTS >"$LOGS/{}" 2>&1 || status=1
  cat "$LOGS/{}"
  exit $status' < <(seq "$PARTS") &
trap 'kill -- "-$!" 2>/dev/null || true; rm -rf "$LOGS"' EXIT
wait "$!"
