#!/usr/bin/env bash
# Prints the folder of what the tests of charts and manifests need: helm, and strict-decode, which reads manifests as
# the API server does.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../tools/build-go.sh chart-tools . helm.sh/helm/v3/cmd/helm ./strict-decode
