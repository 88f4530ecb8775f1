#!/usr/bin/env bash
# Runs a command as root in a virtual machine whose kernel has what this one may lack: 802.1Q, dummy links and
# whatever else Debian's has. It sees this machine's files and may change them, but its changes end with it.
# Standard output and error come out as one, there is no input, and the exit status is the command's.
# Needs no privileges, and what tools/setup.sh tests brings.
#
#   IN_VM_SECONDS   time limit, default 600
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT…]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
seconds=${IN_VM_SECONDS:-600}
kernel=$("$root/tools/vm/kernel.sh")

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
mkdir -p "$run"/initramfs/{bin,sbin,dev,proc,sys,host,layer,root}
cp -r "$root/tools/vm/init" "$kernel/boot-modules" "$run/initramfs"
cp "$(command -v busybox)" "$run/initramfs/bin/busybox"
echo "$kernel" >"$run/initramfs/kernel-folder"
printf '%q ' cd "$PWD" >"$run/initramfs/command"
printf '&& PATH=%q HOME=/root exec' "$root/node_modules/.bin:/usr/sbin:/sbin:$PATH" >>"$run/initramfs/command"
printf ' %q' "$@" >>"$run/initramfs/command"
(cd "$run/initramfs" && find . | cpio --quiet --create --format newc) >"$run/initramfs.cpio"

# Emulated, unless the processor is one on which hardware help works: /dev/kvm alone does not say so. One processor: on
# a busy machine two of them wait for each other.
accelerator=tcg,thread=multi
[ ! -w /dev/kvm ] || ! grep -qwE 'vmx|svm' /proc/cpuinfo || accelerator=kvm

# It ends with this script, however that ends.
limit_status=0
setpriv --pdeathsig TERM timeout --foreground --kill-after=5 "$seconds" \
  qemu-system-x86_64 -machine q35 -accel "$accelerator" -cpu max -smp 1 -m 1024 \
  -display none -no-reboot -nodefaults \
  -serial stdio -serial "file:$run/status" -serial "file:$run/console" \
  -kernel "$kernel/vmlinux" -initrd "$run/initramfs.cpio" \
  -append 'console=ttyS2 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable' \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
  </dev/null || limit_status=$?

[ "$limit_status" != 124 ] || { echo "in-vm: not done after $seconds s: $*" >&2; exit 124; }
if [ ! -s "$run/status" ]; then
  echo 'in-vm: the virtual machine ended without an exit status; the last it said:' >&2
  tail -n 20 "$run/console" >&2
  exit 125
fi
exit "$(tr -d '\r\n' <"$run/status")"
