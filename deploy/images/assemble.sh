#!/usr/bin/env bash
# Puts together the whole file system of an image in a directory: what this repository builds, Node, and of Debian only
# what is executed, with the libraries it needs. Dockerfile and build.sh run it, and so do the tests; nothing else
# decides what is in an image. Run it on Debian, after `npm run build`.
#
#   assemble.sh main ROOT
#   assemble.sh init ROOT PLUGINS    PLUGINS: directory of the CNI plugins of others, for the host
set -euo pipefail
workspace=$(cd "$(dirname "$0")/../.." && pwd)
image=$1 root=$2 plugins=${3:-}
export PATH="$PATH:/usr/sbin:/sbin"

from_debian=()

# Copies files to where they are, behind their links, and remembers whose they are.
take() {
  local file
  for file in "$@"; do
    local target=$root/usr/${file#/usr/}
    [[ $file = /usr/* ]] || target=$root/usr$file
    install -D "$(readlink -f "$file")" "$target"
    from_debian+=("$(readlink -f "$file")")
  done
}

# The libraries that programs need, and the dynamic linker.
take_libraries_of() {
  local libraries
  mapfile -t libraries < <(ldd "$@" | grep -o '/lib[^ ]*' | sort -u)
  take "${libraries[@]}"
}

lay_out() {
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},run,tmp,etc,proc,sys,dev,var/log}
  chmod 1777 "$root/tmp"
  local name
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
  ln -s /run "$root/var/run"
  echo 'root:x:0:0:root:/:/sbin/nologin' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
  # What scanners go by.
  cp /etc/os-release "$root/etc/os-release"
}

add_node() {
  local node
  node=$(echo "$workspace"/node_modules/node-linux-*/bin/node)
  install -D "$node" "$root/usr/bin/node"
  install -D -m 644 "$workspace"/node_modules/node-linux-*/LICENSE "$root/usr/share/doc/node/LICENSE"
  take_libraries_of "$node"
  # koffi loads it by this name, and names have to be looked up.
  take /lib/*-linux-gnu/libc.so.6 /lib/*-linux-gnu/libnss_{files,dns}.so.2 /lib/*-linux-gnu/libresolv.so.2
}

# Both back-ends: the daemon follows the one that the host uses.
add_iptables() {
  local xtables family kind
  take /usr/sbin/xtables-{nft,legacy}-multi /usr/sbin/nft
  for kind in nft legacy; do
    for family in iptables ip6tables; do
      for name in "$family-$kind"{,-save,-restore}; do ln -s "xtables-$kind-multi" "$root/usr/sbin/$name"; done
    done
  done
  for name in {iptables,ip6tables}{,-save,-restore}; do ln -s xtables-nft-multi "$root/usr/sbin/$name"; done
  take_libraries_of /usr/sbin/xtables-{nft,legacy}-multi /usr/sbin/nft
  xtables=$(echo /usr/lib/*-linux-gnu/xtables)
  take "$xtables"/*.so
}

# Our programs, and the native library that stays outside of them.
add_programs() {
  local directory=$1
  shift
  mkdir -p "$directory"
  echo '{ "type": "module" }' >"$directory/package.json"
  install -m 755 "${@/#/$workspace/apps/}" "$directory/"
  local koffi=$workspace/node_modules/koffi
  (cd "$koffi" && find . -maxdepth 4 \( -name '*.js' -o -name '*.cjs' -o -name package.json -o -name LICENSE.txt \) \
    -not -path './doc/*' -not -path './vendor/*' -exec install -D -m 644 {} "$directory/node_modules/koffi/{}" \;)
  local native
  native=$(basename "$(echo "$workspace"/node_modules/@koromix/koffi-linux-*)")
  (cd "$workspace/node_modules/@koromix/$native" && find . -type f -not -path './musl*' \
    -exec install -D -m 644 {} "$directory/node_modules/@koromix/$native/{}" \;)
  install -m 644 "$workspace/LICENSE" "$directory/LICENSE"
}

# Which Debian packages files are from, for scanners and as their licences ask.
note_packages() {
  local package
  for package in $(owners | sort -u); do
    install -d "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$package"
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
    cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
  done
}

# dpkg knows some files by their names before /usr was merged, so of the two names of a file one is unknown to it.
owners() {
  { dpkg-query --search "${from_debian[@]}" "${from_debian[@]#/usr}" 2>/dev/null || true; } | sed 's/[:,].*//'
}

lay_out
add_node
case $image in
  main)
    add_iptables
    add_programs "$root/app" ipamd/dist/grpc-health-probe cni-plugin/dist/{install.js,aws-cni,egress-cni}
    install -D -m 644 -t "$root/app/ipamd" "$workspace"/apps/ipamd/dist/*.js
    ;;
  init)
    add_programs "$root/init" cni-plugin/dist/install.js
    mkdir "$root/init/plugins"
    install "$plugins"/* "$workspace/deploy/support/aws-cni-support.sh" "$root/init/plugins/"
    ;;
  *) echo "assemble: which image? main or init, got $image" >&2 && exit 1 ;;
esac
note_packages
