#!/usr/bin/env bash
# Prints the manifests as one file, from the chart: as `helm upgrade` would apply them to a cluster whose aws-node came
# from EKS or a manifest, without the labels that are Helm's.
#
#   deploy/kustomize/render.sh > deploy/kustomize/base/aws-k8s-cni.yaml
set -euo pipefail
cd "$(dirname "$0")/.."
helm=$(tools/build.sh)/helm
echo '# Written by deploy/kustomize/render.sh from deploy/charts/aws-vpc-cni; change that.'
"$helm" template aws-vpc-cni charts/aws-vpc-cni --namespace kube-system --include-crds --set originalMatchLabels=true |
  sed -e '/^ *helm.sh\/chart:/d' -e '/^ *app.kubernetes.io\/managed-by:/d' -e '/^# Source:/d'
