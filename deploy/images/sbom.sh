#!/usr/bin/env bash
# Says what an image has in it, as CycloneDX: the npm packages of its programs, and the Debian packages of its files.
#
#   sbom.sh main|init ROOT
set -euo pipefail
workspace=$(cd "$(dirname "$0")/../.." && pwd)
image=$1 root=$2
cd "$workspace"
workspaces=(--workspace=@vpc-cni/cni-plugin)
[ "$image" = init ] || workspaces+=(--workspace=@vpc-cni/ipamd)
npm sbom --sbom-format=cyclonedx --omit=dev "${workspaces[@]}" | node deploy/images/add-debian.ts "$root"
