#!/usr/bin/env bash
# A VPC in a box: puts pods on an emulated VPC on this machine and shows that they reach each other.
# Options: --nodes N --pods N --instance-type TYPE --keep --json   (see --help)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/setup.sh"
exec "$root/tools/in-namespace.sh" node --conditions=@vpc-cni/source --disable-warning=ExperimentalWarning \
  "$root/tools/sandbox/src/main.ts" "$@"
