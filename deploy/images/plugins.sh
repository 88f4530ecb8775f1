#!/usr/bin/env bash
# Builds the CNI plugins of the CNI project into a directory: those that the AWS VPC CNI brings to every node, in the
# version that it brings. Needs Go; its checksum database says that the sources are the right ones.
set -euo pipefail
export PATH="$PATH:/usr/local/go/bin" CGO_ENABLED=0 GOFLAGS='-trimpath -ldflags=-s'
version=v1.9.1
mkdir -p "$1"
GOBIN=$(cd "$1" && pwd) && export GOBIN
go install $(for plugin in \
  main/{bridge,dummy,host-device,ipvlan,loopback,macvlan,ptp,tap,vlan} \
  meta/{bandwidth,firewall,portmap,sbr,tuning,vrf} ipam/{dhcp,host-local,static}; do
  echo "github.com/containernetworking/plugins/plugins/$plugin@$version"
done)
