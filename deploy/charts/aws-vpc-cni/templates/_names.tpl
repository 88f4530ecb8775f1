{{/* What everything is called: aws-node, unless the values say otherwise. */}}
{{- define "aws-vpc-cni.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "aws-vpc-cni.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $byRelease := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $byRelease | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "aws-vpc-cni.serviceAccountName" -}}
{{- $byDefault := .Values.serviceAccount.create | ternary (include "aws-vpc-cni.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $byDefault -}}
{{- end }}

{{/* Labels of pods. */}}
{{- define "aws-vpc-cni.podLabels" -}}
app.kubernetes.io/name: {{ include "aws-vpc-cni.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
k8s-app: aws-node
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
By what the DaemonSet knows its pods. It cannot be changed later: the selector of the AWS VPC CNI's chart, or, to
adopt what EKS or its manifest has created, that of the manifest.
*/}}
{{- define "aws-vpc-cni.selector" -}}
{{- if .Values.originalMatchLabels -}}
k8s-app: aws-node
{{- else -}}
app.kubernetes.io/name: {{ include "aws-vpc-cni.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels of objects. */}}
{{- define "aws-vpc-cni.labels" -}}
app.kubernetes.io/name: {{ include "aws-vpc-cni.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
k8s-app: aws-node
{{- end }}

{{/* The image for `image` values and the name of a repository: a whole reference, a repository, or one of ECR. */}}
{{- define "aws-vpc-cni.image" -}}
{{- $image := .image -}}
{{- if $image.override -}}
{{ $image.override }}
{{- else if $image.overrideRepository -}}
{{ $image.overrideRepository }}:{{ $image.tag }}
{{- else -}}
{{ $image.account }}.dkr.{{ $image.endpoint }}.{{ $image.region }}.{{ $image.domain }}/{{ .repository }}:{{ $image.tag }}
{{- end }}
{{- end }}

{{/* A map of variables as a container's, in the order of their names. */}}
{{- define "aws-vpc-cni.env" -}}
{{- range $name, $value := . -}}
- name: {{ $name }}
  value: {{ $value | quote }}
{{ end -}}
{{- end }}
