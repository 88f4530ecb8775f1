#!/usr/bin/env bash
# Pins the bases of the Dockerfile to what their registry has under their tags now: the index, for all architectures.
set -euo pipefail
cd "$(dirname "$0")"
for base in $(sed -n 's/^ARG [A-Z]*=\(.*\)@sha256:.*/\1/p' Dockerfile); do
  digest=$(docker buildx imagetools inspect "$base" --format '{{.Manifest.Digest}}')
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "bases: $base has no digest: $digest" >&2; exit 1; }
  sed -i "s|\($base\)@sha256:[0-9a-f]*|\1@$digest|" Dockerfile
done
