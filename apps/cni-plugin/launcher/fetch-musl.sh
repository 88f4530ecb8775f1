#!/usr/bin/env bash
# fetch-musl.sh ARCH DIR: musl's headers and static library for an architecture that need not be this
# machine's, with a specs file for gcc. They come from the distribution's own package, whose signature apt
# verifies; neither root nor a change of this machine's package lists is needed.
set -euo pipefail
arch=$1 directory=$2
case $arch in
  amd64) triplet=x86_64-linux-musl ;;
  arm64) triplet=aarch64-linux-musl ;;
  *) echo "fetch-musl.sh: ARCH is '$arch', expected amd64 or arm64" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache/archives}/partial "$work/unpacked"
apt_get=(apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=
  -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Debug::NoLocking=1)

# Ubuntu keeps all but amd64 on a server of their own; Debian has everything in one place.
. /etc/os-release
if [ "$ID" = ubuntu ]; then
  server=http://ports.ubuntu.com/ubuntu-ports
  [ "$arch" != amd64 ] || server=http://archive.ubuntu.com/ubuntu
  key=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  echo "deb [signed-by=$key] $server $VERSION_CODENAME main universe" >"$work/sources.list"
  apt_get+=(-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null)
fi

"${apt_get[@]}" update
(cd "$work" && "${apt_get[@]}" download musl-dev)
dpkg-deb --extract "$work"/musl-dev_*.deb "$work/unpacked"
mkdir -p "$directory"
cp -r "$work/unpacked/usr/include/$triplet" "$directory/include"
cp -r "$work/unpacked/usr/lib/$triplet" "$directory/lib"
# Last: who finds it finds the rest.
sed "s#/usr/include/$triplet#$directory/include#g; s#/usr/lib/$triplet#$directory/lib#g" \
  "$directory/lib/musl-gcc.specs" >"$directory/musl-gcc.specs"
