#!/usr/bin/env bash
# Runs a command in network, mount, process and (as an ordinary user) user namespaces of its own, with a
# fresh /run: whatever the command does to links, rules, iptables or /run never reaches this machine, and
# whatever it leaves, processes included, ends with it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH"
# The process whose namespaces can be entered from outside; see `sandbox.sh --keep`.
export IN_NAMESPACE_PID=$$
user_namespace=()
[ "$(id -u)" = 0 ] || user_namespace=(--user --map-root-user)
exec unshare "${user_namespace[@]}" --net --mount --propagation private --pid --fork --kill-child --mount-proc bash -c '
  set -e
  mount -t tmpfs -o mode=0755 tmpfs /run
  mkdir -p /run/netns
  mount --bind /run/netns /run/netns && mount --make-shared /run/netns
  ip link set lo up
  # Not exec: the first process of a namespace does not obey signals it has no handler for.
  "$@"' in-namespace "$@"
