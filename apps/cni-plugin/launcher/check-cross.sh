#!/usr/bin/env bash
# Builds the launcher for both architectures, twice and in different places, and fails unless the bytes are the
# same and each program is static, stripped and small.
set -euo pipefail
cd "$(dirname "$0")"
limit=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make --silent cross
for place in one two/deeper; do
  mkdir -p "$work/$place/launcher"
  cp ./*.c ./*.h Makefile fetch-musl.sh "$work/$place/launcher"
  cp ../package.json "$work/$place"
  make --silent --directory "$work/$place/launcher" MUSL="$PWD/.musl" cross
done

fail() { echo "launcher: $*" >&2; exit 1; }
for arch in amd64 arm64; do
  program=../dist/aws-cni-$arch
  cmp "$work/one/dist/aws-cni-$arch" "$work/two/deeper/dist/aws-cni-$arch"
  cmp "$program" "$work/one/dist/aws-cni-$arch"
  machine=$(readelf --file-header "$program" | sed -n 's/^ *Machine: *//p')
  case $arch:$machine in amd64:*X86-64 | arm64:AArch64) ;; *) fail "$program is for $machine" ;; esac
  ! readelf --program-headers "$program" | grep -q INTERP || fail "$program is not static"
  ! readelf --section-headers "$program" | grep -q SYMTAB || fail "$program is not stripped"
  bytes=$(wc -c <"$program")
  [ "$bytes" -le "$limit" ] || fail "$program has $bytes bytes, the limit is $limit"
  echo "launcher for $arch: $bytes bytes, static, stripped, reproducible"
done
