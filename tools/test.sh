#!/usr/bin/env bash
# All tests. Every question is one line here, and can be asked alone by the same name (npm run …).
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh tests
export PATH="$PWD/node_modules/.bin:$PATH" NX_DAEMON=false

step() { printf '\n== %s\n' "$*"; }

step 'format, lint and direction of dependencies'
npm run --silent lint
step 'types'
npm run --silent typecheck
step 'unit tests'
npm run --silent test:unit
step 'kernel tests, in namespaces of their own'
tools/test-kernel.sh
step 'VLANs, in a virtual machine where this kernel has none; meanwhile the rest'
vlan_log=$(mktemp)
tools/in-vlan-vm.sh npm run --silent test:vlan >"$vlan_log" 2>&1 &
vlan=$!
trap 'kill "$vlan" 2>/dev/null || true; rm -f "$vlan_log"' EXIT
step 'pages, in a browser'
npm run --silent test:browser
step 'chart and manifests'
npm run --silent test:chart
step 'the launcher for both architectures'
make --silent --directory apps/cni-plugin/launcher check-cross
step 'published content'
npm run --silent packaging
step 'VLANs'
vlan_status=0
wait "$vlan" || vlan_status=$?
cat "$vlan_log"
exit "$vlan_status"
