#!/usr/bin/env bash
# Packs a directory as an image of one layer that `docker load` and `ctr images import` read. The same directory gives
# the same bytes.
#
#   pack.sh ROOT NAME:TAG ENTRYPOINT OUT.tar    ENTRYPOINT: a JSON array
set -euo pipefail
root=$1 reference=$2 entrypoint=$3 out=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

reproducible_tar() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$@"; }
digest() { sha256sum "$1" | cut -d' ' -f1; }

reproducible_tar -C "$root" -cf "$work/layer.tar" .
machine=$(uname -m)
printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/sbin:/usr/bin"],"WorkingDir":"/","Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$([ "$machine" = aarch64 ] && echo arm64 || echo amd64)" "$entrypoint" "$(digest "$work/layer.tar")" >"$work/config"
config=$(digest "$work/config").json
mv "$work/config" "$work/$config"
printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$reference" >"$work/manifest.json"
reproducible_tar -C "$work" -cf "$out" .
