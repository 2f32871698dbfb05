{{- define "gleaner.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "gleaner.serviceAccount" -}}{{ default (include "gleaner.fullname" .) .Values.serviceAccount.name }}{{- end }}
{{- define "gleaner.host" -}}{{ include "gleaner.fullname" . }}.{{ .Release.Namespace }}.svc{{- end }}
{{- define "gleaner.webhook" -}}{{ include "gleaner.fullname" . }}-webhook{{- end }}
{{- define "gleaner.publicUrl" -}}{{ default (printf "https://%s:%v" (include "gleaner.host" .) .Values.service.port) .Values.publicUrl }}{{- end }}
{{- define "gleaner.elementsUrl" -}}
{{- $query := list }}
{{- with .Values.s3.region }}{{ $query = append $query (printf "region=%s" (urlquery .)) }}{{ end }}
{{- with .Values.s3.endpoint }}{{ $query = append $query (printf "endpoint=%s" (urlquery .)) }}{{ end }}
{{- if .Values.s3.pathStyle }}{{ $query = append $query "path-style=true" }}{{ end }}
{{- printf "s3://%s/%s?%s" .Values.s3.bucket .Values.s3.prefix (join "&" $query) | trimSuffix "?" }}
{{- end }}
{{- define "gleaner.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "gleaner.labels" -}}
{{ include "gleaner.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "gleaner.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}
{{- define "gleaner.checkValues" -}}
{{- if and .Values.s3.bucket .Values.blobs.existingClaim }}{{ fail "s3.bucket and blobs.existingClaim are both set: data elements live in one place, leave one of them empty" }}{{ end }}
{{- if not (or .Values.s3.bucket .Values.blobs.existingClaim) }}{{ fail "neither s3.bucket nor blobs.existingClaim is set: say where data elements live, e.g. --set s3.bucket=gleaner,s3.endpoint=https://s3.example.org" }}{{ end }}
{{- if not .Values.database.urlSecret }}{{ fail "database.urlSecret is empty: name the Secret that holds PostgreSQL's URL" }}{{ end }}
{{- end }}
