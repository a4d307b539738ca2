{{- /*
Names are fixed, not made from the release's name: there is one operator in a cluster, other people's
bindings name its roles, and a second release is refused by Helm instead of fighting with the first.
*/ -}}
{{- define "workshop.operator.name" -}}
workshop-operator
{{- end -}}

{{- define "workshop.labels" -}}
app.kubernetes.io/name: workshop
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Never changes: a Deployment's selector is immutable. */ -}}
{{- define "workshop.operator.selector" -}}
app.kubernetes.io/name: workshop
app.kubernetes.io/component: operator
{{- end -}}

{{- /* An image's reference. Takes (list root image). */ -}}
{{- define "workshop.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $root.Values.images.registry -}}
{{- with $root.Values.global.imageRegistry -}}
{{- $folder := regexReplaceAll "^[^/]*/?" $registry "" -}}
{{- $registry = list . $folder | compact | join "/" -}}
{{- end -}}
{{- $registry := required "images.registry: required; the registry that holds the platform's images, for example registry.example/platform" $registry -}}
{{- printf "%s/%s:%s" $registry $image.repository ($image.tag | default $root.Chart.AppVersion) -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}
