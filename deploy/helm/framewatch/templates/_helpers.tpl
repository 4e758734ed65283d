{{/* name stands before the name of every object. */}}
{{- define "framewatch.name" -}}
{{ .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* version is what runs. */}}
{{- define "framewatch.version" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "framewatch.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ include "framewatch.version" . }}
{{- end }}
{{- end }}

{{- define "framewatch.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary (include "framewatch.name" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* selector are the labels by which the pods of a target are found: dict root, target. */}}
{{- define "framewatch.selector" -}}
app.kubernetes.io/name: framewatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .target }}
{{- end }}

{{/* labels of an object of a target, or of none: dict root, target. */}}
{{- define "framewatch.labels" -}}
app.kubernetes.io/name: framewatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ include "framewatch.version" .root | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .target }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* targets that run, as JSON. */}}
{{- define "framewatch.targets" -}}
{{- $targets := list "ingest" "detector" "notifier" "console" }}
{{- if .Values.shadow.enabled }}{{ $targets = append $targets "shadow" }}{{ end }}
{{- $targets | toJson }}
{{- end }}

{{/* sections are the configuration of one target, as JSON: dict root, target. Each gets what it needs: a password that only the console asks for is named to nobody else, whose
     pods do not have its file. */}}
{{- define "framewatch.sections" -}}
{{- $needs := dict
  "topics" (list)
  "ingest" (list "ingest" "pictures" "tracing")
  "detector" (list "detector" "tracing")
  "shadow" (list "detector" "tracing")
  "notifier" (list "notifier" "pictures" "tracing")
  "console" (list "console" "pictures" "ingest" "profiles" "streams" "tracing") }}
{{- $config := dict "data_dir" "/var/lib/framewatch" }}
{{- range $section := concat (list "log" "kafka" "admin") (get $needs .target) }}
{{- if hasKey $.root.Values.config $section }}
{{- $_ := set $config $section (deepCopy (get $.root.Values.config $section)) }}
{{- end }}
{{- end }}
{{- with (get $.root.Values .target).config }}
{{- $config = mustMergeOverwrite $config (deepCopy .) }}
{{- end }}
{{- $places := dict }}
{{- if ne .target "topics" }}
{{- $places = dict "admin" (dict "listen" "0.0.0.0:9394") }}
{{- end }}
{{- if has .target (list "ingest" "detector" "shadow" "notifier") }}
{{- /* A container that is started again has its partitions back at once. */}}
{{- $_ := set $places "kafka" (dict "instance" "${env:POD_NAME}") }}
{{- end }}
{{- if eq .target "ingest" }}
{{- $_ := set $places "ingest" (dict "listen" "0.0.0.0:8090" "advertise" (printf "http://${env:POD_NAME}.%s-ingest.${env:POD_NAMESPACE}.svc:8090" (include "framewatch.name" .root))) }}
{{- end }}
{{- if eq .target "console" }}
{{- $_ := set $places "console" (dict "listen" "0.0.0.0:8080") }}
{{- end }}
{{- if and (eq .target "notifier") .root.Values.notifier.api.enabled }}
{{- $_ := set $places "notifier" (dict "listen" "0.0.0.0:9093") }}
{{- end }}
{{- if eq .target "shadow" }}
{{- $candidate := dict "name" .root.Values.shadow.name }}
{{- with .root.Values.shadow.models }}{{ $_ := set $candidate "models" . }}{{ end }}
{{- if .root.Values.shadow.profiles }}{{ $_ := set $candidate "rules" "/etc/framewatch/candidate.yaml" }}{{ end }}
{{- $_ := set $places "detector" (dict "shadow" $candidate) }}
{{- end }}
{{- mustMergeOverwrite $config $places | toJson }}
{{- end }}

{{/* restarting is a digest of what is only read at start: dict root, target. What is left out the program reads again when its file changes. */}}
{{- define "framewatch.restarting" -}}
{{- $config := omit (include "framewatch.sections" . | fromJson) "streams" "profiles" "notifier" "console" }}
{{- if hasKey $config "log" }}
{{- $_ := set $config "log" (omit $config.log "level") }}
{{- end }}
{{- $candidate := ternary .root.Values.shadow.profiles dict (eq .target "shadow") }}
{{- list $config $candidate | toJson | sha256sum }}
{{- end }}

{{/* processors are so much of CPU, like 500m or 1.5, rounded up; nothing of nothing. */}}
{{- define "framewatch.processors" -}}
{{- if . }}
{{- $cpu := trimSuffix "m" . | float64 }}
{{- if hasSuffix "m" . }}{{ $cpu = divf $cpu 1000 }}{{ end }}
{{- max 1 ($cpu | ceil | int) }}
{{- end }}
{{- end }}

{{/* bytes are those of a size like 10Gi. */}}
{{- define "framewatch.bytes" -}}
{{ mul (regexFind "^[0-9]+" . | int64) (get (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) (regexFind "[KMGT]i$" .)) }}
{{- end }}

{{/* partitions that each topic of streams has. */}}
{{- define "framewatch.partitions" -}}
{{ dig "kafka" "partitions" 24 .Values.config | int }}
{{- end }}
