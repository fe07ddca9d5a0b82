{{- define "understudy.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Names of resources; short enough for what is put behind them. */}}
{{- define "understudy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "understudy.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "understudy.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects pods, of (dict "root" $ "component" "api"). Never changes in the life of a release. */}}
{{- define "understudy.selector" -}}
app.kubernetes.io/name: {{ include "understudy.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "understudy.labels" -}}
{{ include "understudy.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: understudy
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "understudy.image" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest }}
{{- else -}}
{{ printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) }}
{{- end -}}
{{- end -}}

{{- define "understudy.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "understudy.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/*
How long a pod may take to go: it waits (preStop), takes requests for 5 s more, drains, says last words (5 s), and records usage (5 s)
and traces (3 s). Derived, so that it cannot fall short of the drain.
*/}}
{{- define "understudy.gracePeriod" -}}
{{- add (int .Values.preStopSeconds) (int .Values.drainSeconds) 20 -}}
{{- end -}}

{{- define "understudy.cnpgName" -}}
{{ include "understudy.fullname" . }}-db
{{- end -}}

{{/* Whether the authority of the database's certificate is mounted. */}}
{{- define "understudy.databaseCa" -}}
{{- if or .Values.database.cnpg.enabled .Values.database.ca.name -}}true{{- end -}}
{{- end -}}

{{/* As many replicas as there can be at once, in the middle of an update. */}}
{{- define "understudy.mostReplicas" -}}
{{- if .Values.autoscaling.enabled -}}
{{- add (int .Values.autoscaling.maxReplicas) 1 -}}
{{- else -}}
{{- add (int .Values.replicas) 1 -}}
{{- end -}}
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "understudy.check" -}}
{{- $_ := required "secrets.keys.name is needed: a Secret with the keys that encrypt stored secrets and sign sessions (README.md says how to make it)" .Values.secrets.keys.name -}}
{{- if and .Values.database.cnpg.enabled .Values.database.secret.name -}}
{{- fail "database.secret.name and database.cnpg.enabled exclude each other" -}}
{{- end -}}
{{- if not (or .Values.database.cnpg.enabled .Values.database.secret.name) -}}
{{- fail "a database is needed: database.secret.name, a Secret with DATABASE_URL, or database.cnpg.enabled" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) -}}
{{- fail "autoscaling.maxReplicas is less than autoscaling.minReplicas" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not .Values.metrics.enabled) -}}
{{- fail "autoscaling needs metrics.enabled: it goes by the requests under way that /metrics counts" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "metrics.serviceMonitor needs metrics.enabled" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts is needed with ingress.enabled" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is needed with httpRoute.enabled: the Gateway that the route belongs to" -}}
{{- end -}}
{{- range $name, $_ := .Values.secretSettings -}}
{{- if hasKey $.Values.settings $name -}}
{{- fail (printf "%s is in settings and in secretSettings" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A container that needs no right and writes to no disk. */}}
{{- define "understudy.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Pods are spread over machines and zones, those of each version by themselves. */}}
{{- define "understudy.spread" -}}
{{- range $index, $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
{{- if $index }}
{{ end -}}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "understudy.selector" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
