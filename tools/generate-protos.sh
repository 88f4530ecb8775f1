#!/usr/bin/env bash
# Writes the TypeScript of every protobuf file: <folder>/proto/**.proto → <folder>/gen/**_pb.ts.
# The tools are fetched for the occasion: they are bigger than everything else the workspace needs.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
tools=(--package @bufbuild/buf@1.75.0 --package @bufbuild/protoc-gen-es@2.17.0)
options='"target=ts", "import_extension=ts", "erasable_syntax=true"'
git ls-files --cached --others --exclude-standard '*.proto' | sed -n 's#/proto/.*#/proto#p' | sort -u |
  while read -r protos; do
    gen=${protos%proto}gen
    rm -rf "$gen"
    template='{"version": "v2", "plugins": [{"local": "protoc-gen-es", "out": "'$gen'", "opt": ['$options']}]}'
    npx --yes "${tools[@]}" buf generate "$protos" --template "$template" </dev/null
  done
