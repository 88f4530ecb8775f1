#!/usr/bin/env bash
# Builds both images for this machine's architecture without Docker or a registry, from this Debian and the workspace as
# it is built, and says what is in them: deploy/images/dist/*.tar and *.cdx.json (CycloneDX).
#
#   build.sh [PLUGINS]    PLUGINS: directory of CNI plugins for the host; default: those of plugins.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
plugins=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$plugins" ]; then
  plugins=$work/plugins
  ./plugins.sh "$plugins"
fi
tag=$(sed -n 's/^appVersion: //p' ../charts/aws-vpc-cni/Chart.yaml)
# The Dockerfile says what an image executes.
entrypoint() { sed -n "/ AS $1\$/,/^FROM/s/^ENTRYPOINT //p" Dockerfile; }

mkdir -p dist
for image in main init; do
  name=amazon-k8s-cni$([ $image = main ] || echo -init)
  ./assemble.sh $image "$work/$image" "$plugins"
  ./sbom.sh $image "$work/$image" >"dist/$name.cdx.json"
  ./pack.sh "$work/$image" "localhost/vpc-cni/$name:$tag" "$(entrypoint $image)" "dist/$name.tar"
  echo "$here/dist/$name.tar"
done
