#!/usr/bin/env bash
# Runs a command in network, mount and (as an ordinary user) user namespaces of its own, with a fresh /run:
# whatever the command does to links, rules, iptables or /run is gone with it, and never reaches this machine.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH"
user_namespace=()
[ "$(id -u)" = 0 ] || user_namespace=(--user --map-root-user)
exec unshare "${user_namespace[@]}" --net --mount --propagation private bash -c '
  set -e
  mount -t tmpfs -o mode=0755 tmpfs /run
  mkdir -p /run/netns
  mount --bind /run/netns /run/netns && mount --make-shared /run/netns
  ip link set lo up
  exec "$@"' in-namespace "$@"
