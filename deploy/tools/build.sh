#!/usr/bin/env bash
# Prints the folder of what the tests of charts and manifests need: helm, and strict-decode, which reads manifests as
# the API server does. Both are built from sources that go.sum pins, once; they stay in the user's cache.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PATH:/usr/local/go/bin"

sources=$(cat go.mod go.sum strict-decode/*.go | sha256sum)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/vpc-cni/chart-tools/${sources:0:16}
[ ! -d "$folder" ] || { echo "$folder"; exit; }

go version >/dev/null 2>&1 || { echo 'chart-tools: install Go (1.21 or later) from https://go.dev/dl' >&2; exit 1; }
echo 'chart-tools: building helm, two minutes' >&2
mkdir -p "$(dirname "$folder")"
# Beside its place and moved there when it is whole: another call may be on its way.
draft=$(mktemp -d "$folder-XXXXXX")
trap 'rm -rf "$draft"' EXIT
GOFLAGS=-mod=readonly go build -trimpath -ldflags='-s -w' -o "$draft/" helm.sh/helm/v3/cmd/helm ./strict-decode >&2
chmod 0755 "$draft"
mv -T "$draft" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
