#!/bin/sh
# Collects what is needed to see why pods of this node have no network, in one archive. It changes no setting of the node, and
# needs neither the daemon nor the API server: what cannot be had is named in the place where it would be.
#
# Run it on the node, as root: /opt/cni/bin/aws-cni-support.sh. Keys, tokens and kubeconfigs are left out or blanked.
# What is collected, and where it lies: docs/troubleshooting.md of this project.
set -u
umask 077
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/opt/cni/bin"

VERSION=1.0
USAGE='usage: aws-cni-support.sh [--output=DIRECTORY] [--ignore_introspection=true|false]
       [--ignore_metrics=true|false] [--eks_hybrid=true|false]'
SPACE_NEEDED_KIB=1572864 # 1.5 GiB
FILE_LIMIT=20000000      # bytes of one file, the last ones
COMMAND_LIMIT=15         # seconds
ENDPOINT_LIMIT=5         # seconds

output=/var/log
ignore_introspection=false
ignore_metrics=false
eks_hybrid=false

fail() {
  echo "aws-cni-support: $*" >&2
  exit 1
}

for option in "$@"; do
  value=${option#*=}
  case $option in
    --help | -h) echo "$USAGE" && exit 0 ;;
    --output=?*) output=$value && continue ;;
    --ignore_introspection=*) ignore_introspection=$value ;;
    --ignore_metrics=*) ignore_metrics=$value ;;
    --eks_hybrid=*) eks_hybrid=$value ;;
    *) fail "what is $option? $USAGE" ;;
  esac
  case $value in true | false) ;; *) fail "$option: expected true or false" ;; esac
done
[ "$(id -u)" = 0 ] || fail 'run it as root: logs, rules and namespaces are for root alone'
[ -d "$output" ] || fail "$output is no directory: name one with --output=DIRECTORY"
free=$(df -Pk "$output" | awk 'NR == 2 { print $4 }')
[ "${free:-0}" -ge "$SPACE_NEEDED_KIB" ] ||
  fail "$output has $free KiB free, $SPACE_NEEDED_KIB are needed: make room, or name another place with --output=DIRECTORY"

work=$(mktemp -d "$output/.aws-cni-support.XXXXXX") || fail "cannot write to $output"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

has() { command -v "$1" >/dev/null 2>&1; }

# place FILE: its path in the archive, with the directory made.
place() {
  mkdir -p "$work/bundle/$(dirname "$1")"
  echo "$work/bundle/$1"
}

# run FILE COMMAND…: what the command prints, errors included, or why it does not.
run() {
  file=$(place "$1") && shift
  if ! has "$1"; then
    echo "[aws-cni-support] $1 is not on this node" >"$file"
    return
  fi
  { timeout -k 1 "$COMMAND_LIMIT" "$@" </dev/null || echo "[aws-cni-support] $*: status $?"; } 2>&1 |
    tail -c "$FILE_LIMIT" >"$file"
}

# keep DIRECTORY PATH…: copies of the files there are, below their own paths.
keep() {
  directory=$1 && shift
  for path in "$@"; do
    [ -f "$path" ] && tail -c "$FILE_LIMIT" "$path" >"$(place "$directory$path")" 2>&1
  done
  return 0
}

# keep_tree DIRECTORY PATH [FIND-EXPRESSION…]: regular files only; sockets are none.
keep_tree() {
  directory=$1 tree=$2 && shift 2
  [ -d "$tree" ] || return 0
  find "$tree/" -type f "$@" | while IFS= read -r path; do keep "$directory" "$path"; done
}

# keep_blanked PATH…: the same, without what lets people in.
keep_blanked() {
  for path in "$@"; do
    [ -f "$path" ] && sed -E 's/((token|password|auth|[a-z-]*-data)"?[[:space:]]*[:=][[:space:]]*).*/\1(left out)/' "$path" \
      >"$(place "files$path")"
  done
  return 0
}

# setting NAME DEFAULT: what the running daemon was started with.
setting() {
  pid=$(pgrep -f 'ipamd/(dist/)?main\.js' 2>/dev/null | head -n 1)
  found=$([ -z "$pid" ] || tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n "s/^$1=//p" | head -n 1)
  echo "${found:-$2}"
}

# ask FILE ADDRESS PATH: over HTTP, from host:port or unix:/path; why there is no answer is beside it.
ask() {
  file=$(place "$1") address=$2 path=$3
  url=http://$address$path
  if has curl; then
    set -- --silent --show-error --noproxy '*' --max-time "$ENDPOINT_LIMIT"
    case $address in
      unix:*) set -- "$@" --unix-socket "${address#unix:}" "http://localhost$path" ;;
      *) set -- "$@" "$url" ;;
    esac
    curl "$@" >"$file" 2>"$file.error" </dev/null
  else
    wget -q -O "$file" -T "$ENDPOINT_LIMIT" -t 1 "$url" 2>"$file.error" </dev/null
  fi || echo "[aws-cni-support] $url does not answer" >>"$file.error"
  [ -s "$file.error" ] || rm -f "$file.error"
}

imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest
token=
if [ "$eks_hybrid" = false ] && has curl; then
  token=$(curl -sf --noproxy '*' -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$imds/api/token" 2>/dev/null)
fi
metadata() {
  [ -z "$token" ] ||
    curl -sf --noproxy '*' -m 2 -H "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1" 2>/dev/null
}

collect_product() {
  run_directory=$(setting AWS_VPC_K8S_CNI_RUN_DIR /var/run/aws-node)
  introspection=$(setting INTROSPECTION_BIND_ADDRESS 127.0.0.1:61679)
  health=$(setting AWS_VPC_K8S_CNI_HEALTH_BIND_ADDRESS 127.0.0.1:61680)
  # All at once: a daemon that hangs keeps nobody longer than one of them.
  if [ "$ignore_introspection" = false ]; then
    for entry in enis pods networkutils-env-settings ipamd-env-settings eni-configs pool wiring startup; do
      ask "ipamd/$entry.json" "$introspection" "/v1/$entry" &
    done
    [ "$health" = none ] || ask ipamd/readyz.json "$health" /readyz &
  fi
  [ "$ignore_metrics" = true ] || ask ipamd/metrics.txt 127.0.0.1:61678 /metrics &
  wait
  keep_tree files "$run_directory"
  keep_tree files /var/log/aws-routed-eni
  # Of other networks there may be kubeconfigs with tokens.
  keep_tree files /etc/cni/net.d \( -name '*.conf' -o -name '*.conflist' -o -name '*.json' \)
  run product/files.txt ls -laR /etc/cni/net.d /opt/cni/bin "$run_directory" /run/cni
  for name in aws-node kube-proxy coredns cni-metrics-helper kube-multus ebs-csi efs-csi eks-pod-identity eks-node-monitoring; do
    for pod in /var/log/pods/*_"$name"*; do keep_tree files "$pod"; done
  done
  run policy-agent/programs.txt aws-eks-na-cli ebpf progs
  run policy-agent/maps.txt aws-eks-na-cli ebpf maps
  run policy-agent/loaded.txt aws-eks-na-cli ebpf loaded-ebpfdata
}

collect_network() {
  for family in iptables ip6tables; do
    for program in $family $family-nft $family-legacy; do run "network/$program-save.txt" "$program-save" -c; done
    for table in filter nat mangle; do run "network/$family-$table.txt" $family -w 2 -t $table -nvL; done
  done
  run network/nft.txt nft list ruleset
  run network/ipvsadm.txt ipvsadm -Ln
  run network/ipset.txt ipset list
  run network/conntrack.txt conntrack -L
  run network/conntrack-statistics.txt conntrack -S
  run network/ifconfig.txt ifconfig -a
  run network/links.txt ip -d -s link
  run network/addresses.txt ip address
  for family in 4 6; do
    run "network/rules-$family.txt" ip "-$family" rule
    run "network/routes-$family.txt" ip "-$family" route show table all
    run "network/neighbours-$family.txt" ip "-$family" neigh
  done
  for link in /sys/class/net/*/device; do
    link=${link%/device} && link=${link##*/}
    [ "$link" = '*' ] || run "network/ethtool-$link.txt" ethtool -S "$link"
  done
  for netns in /run/netns/*; do
    [ -e "$netns" ] || continue
    pod=${netns##*/}
    run "pods/$pod-addresses.txt" ip -n "$pod" address
    run "pods/$pod-routes.txt" ip -n "$pod" route show table all
  done
  keep files /etc/resolv.conf
  keep_tree files /etc/systemd/network
  run network/networkctl.txt networkctl --no-pager status --all
  run network/multi-card.txt journalctl --no-pager -u configure-multicard-interfaces
  server=$(sed -n 's/^ *server: *//p' /var/lib/kubelet/kubeconfig /etc/kubernetes/kubelet.conf 2>/dev/null | head -n 1)
  [ -z "$server" ] || run network/api-server.txt curl -ksS -m 5 -o /dev/null -w '%{http_code} from %{remote_ip}\n' "$server/livez"
  run network/ping.txt ping -c 3 -W 2 amazon.com
}

collect_node() {
  for entry in instance-id instance-type placement/region placement/availability-zone mac; do
    echo "$entry: $(metadata "$entry")"
  done >"$(place node/instance.txt)"
  run node/dmesg.txt dmesg
  run node/kernel.txt uname -a
  run node/modules.txt lsmod
  run node/sysctls.txt sysctl -a
  keep files /proc/mounts /etc/os-release /proc/cpuinfo /proc/meminfo
  run node/disks.txt df -h
  run node/inodes.txt df -i
  run node/block-devices.txt lsblk
  run node/selinux.txt sestatus
  if has rpm; then run node/packages.txt rpm -qa; else run node/packages.txt dpkg-query -l; fi
  run node/services.txt systemctl --no-pager list-units
  run node/top.txt top -b -n 1
  run node/processes.txt ps -eo pid,ppid,user,stat,rss,etime,comm
  if has ss; then run node/sockets.txt ss -anp; else run node/sockets.txt netstat -anp; fi
  run node/reboots.txt last -x reboot
  run node/throttling.txt find /sys/fs/cgroup -maxdepth 3 -name cpu.stat -exec grep -H throttled '{}' +
  has nvidia-smi && run node/gpu.txt nvidia-smi -q
  for unit in kubelet containerd docker nodeadm-config nodeadm-run; do
    run "journal/$unit.txt" journalctl --no-pager --since '10 days ago' -u "$unit"
  done
  keep files /var/lib/kubelet/config.yaml /etc/kubernetes/kubelet/kubelet-config.json /etc/kubernetes/kubelet/config.json \
    /etc/docker/daemon.json
  keep_tree files /etc/kubernetes/kubelet/config.json.d
  keep_blanked /var/lib/kubelet/kubeconfig /etc/kubernetes/kubelet.conf /etc/containerd/config.toml
  run runtime/pods.txt crictl pods
  run runtime/containers.txt crictl ps -a
  run runtime/docker.txt docker info
  keep files /var/log/messages /var/log/syslog /var/log/cloud-init.log /var/log/cloud-init-output.log /var/log/user-data.log
}

instance=$(metadata instance-id)
archive=$output/eks_${instance:-$(uname -n)}_$(date -u +%Y-%m-%d_%H%M-%Z)_$VERSION.tar.gz
for part in product network node; do
  echo "collecting: $part"
  "collect_$part"
done
tar -C "$work/bundle" -czf "$work/archive" . && mv "$work/archive" "$archive" || fail "cannot write $archive"
echo "done: $archive"
