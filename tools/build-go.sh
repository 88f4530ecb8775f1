#!/usr/bin/env bash
# Prints the folder of programs that Go builds for the tests, from sources that go.sum pins, once; they stay in the
# user's cache.
#
#   build-go.sh NAME FOLDER PACKAGE…    FOLDER has the go.mod
set -euo pipefail
name=$1
cd "$2"
shift 2
# Distributions have Go keep to its own version, which may be older than what go.mod asks for.
export PATH="$PATH:/usr/local/go/bin" GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" GOFLAGS=-mod=readonly

sources=$(find . \( -name go.mod -o -name go.sum -o -name '*.go' \) -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/vpc-cni/$name/${sources:0:16}
[ ! -d "$folder" ] || { echo "$folder"; exit; }

command -v go >/dev/null || { echo "$name: install Go (1.21 or later) from https://go.dev/dl" >&2; exit 1; }
echo "$name: building $*, two minutes" >&2
mkdir -p "$(dirname "$folder")"
# Beside its place and moved there when it is whole: another call may be on its way.
draft=$(mktemp -d "$folder-XXXXXX")
trap 'rm -rf "$draft"' EXIT
go build -trimpath -ldflags='-s -w' -o "$draft/" "$@" >&2
chmod 0755 "$draft"
mv -T "$draft" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
