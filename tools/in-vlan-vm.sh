#!/usr/bin/env bash
# Runs a command where the kernel has VLANs (802.1Q) and dummy links: in namespaces of this machine if its kernel does,
# else in a virtual machine.
set -euo pipefail
tools=$(dirname "$0")
if "$tools/has-vlan.sh"; then exec "$tools/in-namespace.sh" "$@"; fi
exec "$tools/in-vm.sh" "$@"
