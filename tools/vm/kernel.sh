#!/usr/bin/env bash
# Prints the folder of a Linux kernel that has 802.1Q, for tools/in-vm.sh. It is Debian's, and stays in the user's
# cache after the first call; delete it there to have the newest.
#
#   FOLDER/vmlinux              the kernel
#   FOLDER/lib/modules/RELEASE  its modules for networks and file systems
#   FOLDER/boot-modules/NN.ko   those it needs to find its root, in that order
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vpc-cni/vm

fail() { printf 'vm: %s\n' "$@" >&2; exit 1; }

for folder in "$cache"/linux-image-*; do
  [ ! -d "$folder" ] || { echo "$folder"; exit; }
done
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || fail 'no kernel for it: only Debian on amd64 has one'

# Beside its place and moved there when it is whole: another call may be on its way.
mkdir -p "$cache"
draft=$(mktemp -d "$cache/.draft-XXXXXX")
trap 'rm -rf "$draft"' EXIT
cd "$draft"

download() {
  package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p')
  [ -n "$package" ] || { echo 'apt knows no linux-image-amd64'; return 1; }
  echo "vm: downloading $package" >&2
  apt-get download -qq "$package"
}
update() { [ "$(id -u)" = 0 ] && apt-get update -qq; }
download 2>errors || { update && download 2>errors; } || fail "$(cat errors)" 'is apt-get update due?'

dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards \
  './boot/vmlinuz-*' './lib/modules/*/modules.*' \
  './lib/modules/*/kernel/'{net,fs,lib,crypto,drivers/net,drivers/virtio}'/*'
release=${package#linux-image-}
depmod --basedir . "$release"

mkdir boot-modules
number=100
for module in virtio_pci 9pnet_virtio 9p overlay; do
  modprobe --dirname . --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  number=$((number + 1))
  cp "$file" "boot-modules/$number.ko"
done

# To unpack itself would take the kernel 3 s of an emulated processor. xz complains of what follows the packed part.
start=$(LC_ALL=C grep --only-matching --text --byte-offset --perl-regexp '\xfd7zXZ\x00' boot/vmlinuz-* | head -n 1 | cut -d: -f1)
tail -c "+$((start + 1))" boot/vmlinuz-* | xz --decompress --stdout >vmlinux 2>/dev/null || true
[ "$(head -c 4 vmlinux | tail -c 3)" = ELF ] || fail "$package holds no kernel packed by xz"

rm -rf ./*.deb boot errors
chmod 755 .
mv --no-target-directory "$draft" "$cache/$package" 2>/dev/null || [ -d "$cache/$package" ]
echo "$cache/$package"
