#!/usr/bin/env bash
# Runs a command where the kernel knows VLANs (802.1Q): on this machine if its kernel does, else in a small virtual
# machine with Debian's kernel and this machine's files, read-only. Without KVM it is ready in some three seconds.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH"
cache="$root/node_modules/.cache/vlan-vm"

probe='ip link add probe type veth peer name other && ip link add link probe name probe.2 type vlan id 2'
if "$root/tools/in-namespace.sh" sh -c "$probe" 2>/dev/null; then
  exec "$root/tools/in-namespace.sh" "$@"
fi

[ "$(uname -m)" = x86_64 ] || { echo "in-vlan-vm: this kernel has no VLANs, and the machine made here is x86_64" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian's kernel, unpacked: decompressing itself would take it as long as everything else.
fetch_kernel() {
  [ ! -e "$cache/vmlinux" ] || return 0
  local package version image offset
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
  echo "in-vlan-vm: fetching $package" >&2
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package" >&2 && dpkg -x ./*.deb tree)
  version=$(ls "$work/tree/lib/modules")
  image="$work/tree/boot/vmlinuz-$version"
  depmod -b "$work/tree" "$version"
  offset=$(LC_ALL=C grep -obUaP '\xfd7zXZ\x00' "$image" | head -n 1 | cut -d : -f 1)
  mkdir -p "$cache"
  rm -rf "$cache/lib" && mv "$work/tree/lib" "$cache/lib"
  tail -c "+$((offset + 1))" "$image" | xz -dc --single-stream >"$cache/vmlinux.part" || true
  mv "$cache/vmlinux.part" "$cache/vmlinux"
}

# The first root: enough to mount this machine's files, and to load modules for whoever asks the kernel.
make_initramfs() {
  local version tree="$work/initramfs" module
  version=$(ls "$cache/lib/modules")
  mkdir -p "$tree"/{bin,sbin,proc,sys,dev,host,share,over,new,modules}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe --show-depends -d "$cache" -S "$version" "$module" | awk '$1 == "insmod" { print $2 }'
  done | awk '!seen[$0]++' | while read -r module; do
    cp "$module" "$tree/modules/"
    basename "$module" >>"$tree/modules/order"
  done
  cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod /modules/$module; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,ro,cache=loose host /host
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,ro,cache=loose share /share
mount -t tmpfs over /over && mkdir /over/upper /over/work
mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work overlay /new
mount --move /proc /new/proc && mount --move /sys /new/sys && mount --move /dev /new/dev
mount -t tmpfs run /new/run && mount -t tmpfs tmp /new/tmp
mkdir -p /new/usr/lib/modules /new/tmp/vm
mount --bind /share/lib/modules /new/usr/lib/modules
cp /run-in-vm /new/tmp/vm/run
chroot /new /bin/bash /tmp/vm/run
printf "\\x$(printf %02x $?)" | dd of=/new/dev/port seek=244 bs=1 count=1 2>/dev/null
INIT
  printf '#!/bin/busybox sh\nexec /bin/busybox chroot /new /usr/sbin/modprobe "$@"\n' >"$tree/sbin/modprobe"
  {
    printf 'export PATH=%q HOME=/root NX_DAEMON=false\ncd %q\n' "$PATH" "$PWD"
    printf '%q ' "$root/tools/in-namespace.sh" "$@"
  } >"$tree/run-in-vm"
  chmod +x "$tree/init" "$tree/sbin/modprobe"
  (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd.gz"
}

fetch_kernel
make_initramfs "$@"
status=0
qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
  -kernel "$cache/vmlinux" -initrd "$work/initrd.gz" \
  -append 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable' \
  -display none -serial stdio -no-reboot -nodefaults -device isa-debug-exit,iobase=0xf4,iosize=0x01 \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
  -virtfs "local,path=$cache,mount_tag=share,security_model=none,readonly=on" </dev/null || status=$?
# The machine's last word n comes out as 2n + 1; anything else means that it did not get that far.
[ $((status % 2)) = 1 ] || { echo "in-vlan-vm: the machine ended early, status $status" >&2; exit 1; }
exit $(((status - 1) / 2))
