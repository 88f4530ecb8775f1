#!/usr/bin/env bash
# Prints the folder of the AWS VPC CNI's own programs aws-cni and egress-cni, under the names of their packages:
# the tests run them against our daemon.
set -euo pipefail
cd "$(dirname "$0")"
commands=github.com/aws/amazon-vpc-cni-k8s/cmd
exec ../../build-go.sh upstream-plugin . "$commands/routed-eni-cni-plugin" "$commands/egress-cni-plugin"
