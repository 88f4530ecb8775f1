#!/usr/bin/env bash
# Brings a fresh Debian or Ubuntu machine, with nothing but Node and npm, to where everything here runs.
# Safe to run any number of times; does only what is missing.
#
#   setup.sh          for the sandbox
#   setup.sh tests    for the tests: a container runtime, Helm, the AWS VPC CNI's plugin, a browser and, where the kernel
#                     has no 802.1Q, a virtual machine, too
set -euo pipefail
cd "$(dirname "$0")/.."
export NX_DAEMON=false PATH="/usr/sbin:/sbin:$PATH"

say() { printf '\033[2msetup: %s\033[0m\n' "$*" >&2; }

# What must be there, and the package that brings it.
needed=(
  ip=iproute2 iptables=iptables nft=nftables unshare=util-linux ping=iputils-ping
  gcc=gcc make=make musl-gcc=musl-tools /usr/include/stdio.h=libc6-dev
  /usr/lib/cni/ptp=containernetworking-plugins
)

# Of the browsers Chrome does as well; BROWSER_PATH names any other.
needed_for_tests() {
  needed+=(containerd=containerd runc=runc)
  # For deploy/charts, and for the AWS VPC CNI's plugin; where Go is elsewhere, build-go.sh knows.
  needed+=(kubectl=kubernetes-client)
  [ -x /usr/local/go/bin/go ] || needed+=(go=golang-go)
  needed+=(x86_64-linux-gnu-gcc=gcc-x86-64-linux-gnu aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu)
  # For tools/in-vlan-vm.sh, where the kernel has no VLANs.
  [ -d /proc/net/vlan ] || modprobe -qn 8021q 2>/dev/null || needed+=(
    qemu-system-x86_64=qemu-system-x86 depmod=kmod cpio=cpio busybox=busybox-static xz=xz-utils
  )
  local browser
  for browser in "${BROWSER_PATH:-}" chromium chromium-browser google-chrome; do
    [ -z "$browser" ] || ! command -v "$browser" >/dev/null || return 0
  done
  needed+=(chromium=chromium)
}

needs_vm=no
needed_for_vm() {
  ! tools/has-vlan.sh || return 0
  needs_vm=yes
  # busybox itself may be there in a form that needs libraries.
  needed+=(
    qemu-system-x86_64=qemu-system-x86 depmod=kmod cpio=cpio xz=xz-utils
    /usr/share/doc/busybox-static=busybox-static
  )
}

install_os_packages() {
  local missing=() entry
  for entry in "${needed[@]}"; do
    command -v "${entry%%=*}" >/dev/null || [ -e "${entry%%=*}" ] || missing+=("${entry#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup: missing on this machine: ${missing[*]}" >&2
    echo "setup: run this, then call me again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_npm_packages() {
  local stamp=node_modules/.installed-lock
  cmp -s package-lock.json "$stamp" && return 0
  say "npm ci"
  npm ci --loglevel=error --no-fund --no-audit >&2
  cp package-lock.json "$stamp"
}

check_namespaces() {
  unshare --user --map-root-user --net --mount true 2>/dev/null || unshare --net --mount true 2>/dev/null || {
    echo "setup: this machine allows neither root nor unprivileged user namespaces; the sandbox needs one of them." >&2
    echo "setup: as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1" >&2
    exit 1
  }
}

build() {
  local log
  log=$(mktemp)
  # From here on the workspace's own Node runs everything, also where the machine's is older.
  if ! PATH="$PWD/node_modules/.bin:$PATH" nx run-many -t build >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}

[ "${1:-}" != tests ] || { needed_for_tests; needed_for_vm; }
install_os_packages
[ "$needs_vm" = no ] || tools/vm/kernel.sh >/dev/null
[ "${1:-}" != tests ] || { deploy/tools/build.sh; tools/sandbox/upstream-plugin/build.sh; } >/dev/null
install_npm_packages
check_namespaces
build
