{{/* pod is the template of a target's pods: dict root, target, values, arguments, ports. */}}
{{- define "framewatch.pod" -}}
metadata:
  labels:
    {{- include "framewatch.labels" . | nindent 4 }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: framewatch
    framewatch.io/config: {{ include "framewatch.restarting" . }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ .values.serviceAccountName | default (include "framewatch.serviceAccount" .root) }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if .restart }}
  restartPolicy: {{ .restart }}
  {{- else }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | int }}
  {{- end }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not .restart }}
  {{- with .root.Values.topologySpread }}
  topologySpreadConstraints:
    {{- range . }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "framewatch.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    # The files of Secrets are for the group.
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    # The workers shut themselves in further, by Landlock and seccomp.
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: framewatch
      image: {{ include "framewatch.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ append .arguments "--config=/etc/framewatch/framewatch.yaml" | toJson }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        {{- with .values.goMemoryLimit }}
        - name: GOMEMLIMIT
          value: {{ . }}
        {{- end }}
        {{- with .values.goMaxProcs | default (include "framewatch.processors" .values.resources.requests.cpu) }}
        - name: GOMAXPROCS
          value: {{ . | toString | quote }}
        {{- end }}
      {{- if not .restart }}
      ports:
        {{- range .ports }}
        - name: {{ .name }}
          containerPort: {{ .port }}
        {{- end }}
        - name: admin
          containerPort: 9394
      # Of its own loops only: neither a bad stream nor an outage of Kafka ends a pod.
      startupProbe:
        httpGet:
          path: /-/healthy
          port: admin
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /-/healthy
          port: admin
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /-/ready
          port: admin
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      {{- if eq .target "console" }}
      lifecycle:
        # Nobody new comes any more when it begins to end; the others hand over by themselves, through the log, at SIGTERM.
        preStop:
          exec:
            command: [sleep, "5"]
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/framewatch
          readOnly: true
        {{- range $name, $secret := .root.Values.secrets }}
        {{- if and $secret (or (has "all" $secret.targets) (has $.target $secret.targets)) }}
        - name: secret-{{ $name }}
          mountPath: /run/secrets/framewatch/{{ $name }}
          readOnly: true
        {{- end }}
        {{- end }}
        - name: data
          mountPath: /var/lib/framewatch
        - name: cache
          mountPath: /var/cache/framewatch
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: config
      configMap:
        name: {{ include "framewatch.name" .root }}-{{ .target }}
    {{- range $name, $secret := .root.Values.secrets }}
    {{- if and $secret (or (has "all" $secret.targets) (has $.target $secret.targets)) }}
    - name: secret-{{ $name }}
      secret:
        secretName: {{ $secret.secretName }}
        defaultMode: 0440
    {{- end }}
    {{- end }}
    {{- if not .claim }}
    - name: data
      emptyDir:
        sizeLimit: {{ .values.diskSize | default "1Gi" }}
    {{- end }}
    - name: cache
      emptyDir:
        sizeLimit: 256Mi
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
{{- end }}
