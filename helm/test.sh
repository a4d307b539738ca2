#!/usr/bin/env bash
# Tests of the chart: lint, render with every values file of ci/, check each object against the schemas of
# Kubernetes, refuse wrong values, and compare with config/default. Needs no cluster and no network.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../hack/lib.sh
. "$HERE/../hack/lib.sh"
cd "$HERE/.."

CHART=helm/workshop
BIN=$(hack/cluster bin)
for tool in helm kubeconform kubectl; do
	[ -x "$BIN/$tool" ] || refuse "$BIN/$tool is missing; run hack/cluster build"
done
VERSION=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' hack/cluster.d/go/kube/go.mod)
SWAGGER=$(go env GOMODCACHE)/k8s.io/kubernetes@$VERSION/api/openapi-spec/swagger.json
[ -r "$SWAGGER" ] || refuse "$SWAGGER is missing; run hack/cluster build, which downloads k8s.io/kubernetes"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
faults=0

fault() {
	printf 'FAIL %s\n' "$*" >&2
	faults=$((faults + 1))
}

# render NAME: the chart with ci/NAME-values.yaml, into $WORK/NAME.yaml.
render() { "$BIN/helm" template workshop "$CHART" --namespace workshop-system --values "$CHART/ci/$1-values.yaml" >"$WORK/$1.yaml"; }

# has NAME TEXT: the rendered chart holds the text.
has() { grep -qF -- "$2" "$WORK/$1.yaml" || fault "$1: not rendered: $2"; }

# lacks NAME TEXT
lacks() { ! grep -qF -- "$2" "$WORK/$1.yaml" || fault "$1: rendered, but should not be: $2"; }

# refuses FRAGMENT ARGUMENT...: rendering with these values fails and says why.
refuses() {
	local fragment=$1 said
	shift
	if said=$("$BIN/helm" template workshop "$CHART" "$@" 2>&1 >/dev/null); then
		fault "accepted: $*"
	elif ! grep -qF -- "$fragment" <<<"$said"; then
		fault "$*: refused, but not with \"$fragment\": $said"
	fi
}

cargo run --quiet --package xtask -- chart schemas --swagger "$SWAGGER" --out "$WORK/schemas"
# valid FILE...: every object fits the schema of its kind, with no field too many.
valid() {
	# The kinds of the Prometheus operator are none of Kubernetes; promtool reads the rules below.
	"$BIN/kubeconform" -strict -summary -skip PrometheusRule,PodMonitor,ServiceMonitor -schema-location "$WORK/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$@" >"$WORK/said" ||
		fault "$* does not fit the schemas: $(cat "$WORK/said")"
}

for file in "$CHART"/ci/*-values.yaml; do
	name=$(basename "$file" -values.yaml)
	"$BIN/helm" lint --strict "$CHART" --values "$file" >"$WORK/said" 2>&1 || fault "lint with $name: $(cat "$WORK/said")"
	render "$name" || fault "$name does not render"
	valid "$WORK/$name.yaml"
	cargo run --quiet --package xtask -- chart policy "$WORK/$name.yaml" 2>"$WORK/said" || fault "policy with $name: $(cat "$WORK/said")"
done

has minimal 'image: registry.example/workshop-server:0.1.0'
has minimal '--agent-image=registry.example/workshop-agent:0.1.0'
has minimal 'helm.sh/resource-policy: keep'
has minimal 'rbac.authorization.k8s.io/aggregate-to-admin: "true"'
has minimal 'resourceNames: [workshop-learner, workshop-operator-workspace]'
has minimal 'kind: NetworkPolicy'
lacks open-network 'kind: NetworkPolicy'
lacks one-replica 'kind: PodDisruptionBudget'
lacks one-replica 'topologySpreadConstraints'
has global-registry 'image: mirror.example:5000/platform/workshop-server:0.1.0'
has global-registry '--agent-image=mirror.example:5000/platform/workshop-agent:0.1.0'
lacks global-registry 'registry.example'
lacks minimal '--allow-root-without-user-namespace'
has digests 'workshop-server:1.2.3@sha256:1111'
has digests 'workshop-agent:0.1.0@sha256:2222'
has high-availability 'kind: PodDisruptionBudget'
has high-availability 'topologyKey: kubernetes.io/hostname'
has closed-network 'kubernetes.io/metadata.name: monitoring'
has closed-network 'workshop.platform/role: pull'
has nobody-reads-metrics 'ingress: []'
lacks openshift runAsUser
lacks openshift runAsGroup
has openshift 'runAsNonRoot: true'
lacks definitions-elsewhere 'kind: CustomResourceDefinition'
lacks definitions-not-kept 'helm.sh/resource-policy'
has definitions-not-kept 'kind: CustomResourceDefinition'
lacks rights-elsewhere 'kind: ClusterRole'
lacks rights-elsewhere 'kind: ServiceAccount'
has rights-elsewhere 'serviceAccountName: platform-workshop'
has mirror 'image: mirror.example:5000/copies/workshops/server:0.1.0'
has mirror '- name: mirror-credentials'
lacks mirror 'aggregate-to-'
has placed '--allow-root-without-user-namespace'
has placed '--default-cpu=2'
has placed 'topologyKey: topology.kubernetes.io/zone'

lacks minimal monitoring.coreos.com
lacks minimal workshop-dashboard
has monitored 'grafana_dashboard: "1"'
has monitored 'kind: PodMonitor'
has monitored 'interval: 15s'
has monitored 'release: prometheus'
has monitored 'kind: ServiceMonitor'
has monitored 'clusterIP: None'

registry=(--set images.registry=registry.example)
refuses 'images.registry: required'
refuses 'additional properties' "${registry[@]}" --set operator.replica=2
refuses 'additional properties' "${registry[@]}" --set image.tag=latest
refuses '/images/pullPolicy' "${registry[@]}" --set images.pullPolicy=Sometimes
refuses '/images/server/digest' "${registry[@]}" --set images.server.digest=sha256:123
refuses '/operator/replicas' "${registry[@]}" --set operator.replicas=many
refuses '/operator/log/format' "${registry[@]}" --set operator.log.format=yaml
refuses '/operator/defaults/cpu' "${registry[@]}" --set operator.defaults.cpu=much
refuses '/images/registry' --set images.registry=https://registry.example/
refuses 'kubeVersion' "${registry[@]}" --kube-version 1.30.0

refuses '/monitoring/podMonitor/interval' "${registry[@]}" --set monitoring.podMonitor.interval=often

need_packages_for chart
promtool check rules "$CHART/files/rules.yaml" >"$WORK/said" 2>&1 || fault "rules: $(cat "$WORK/said")"
# A rule test names its files beside itself.
cp "$CHART/files/rules.yaml" helm/tests/rules_test.yaml "$WORK/"
promtool test rules "$WORK/rules_test.yaml" >"$WORK/said" 2>&1 || fault "rule tests: $(cat "$WORK/said")"
# A test that cannot fail is none: with one rule gone it has to.
sed -i '/for: 5m/d; s/WorkshopStepChangesSlow/WorkshopStepChangesSlowly/' "$WORK/rules.yaml"
! promtool test rules "$WORK/rules_test.yaml" >/dev/null 2>&1 || fault "the rule tests pass with rules that differ"
# What is rendered is what was tested.
tested=$(grep -c 'alert:' "$CHART/files/rules.yaml")
rendered=$(grep -c '  - alert:' "$WORK/monitored.yaml")
[ "$tested" = "$rendered" ] || fault "$tested alerts are tested, $rendered are rendered"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$CHART/files/dashboard.json" || fault "the dashboard is no JSON"

"$BIN/kubectl" kustomize config/default >"$WORK/config.yaml"
"$BIN/kubectl" kustomize config/samples >"$WORK/samples.yaml"
valid "$WORK/config.yaml" "$WORK/samples.yaml"
cargo run --quiet --package xtask -- chart same --chart "$WORK/minimal.yaml" --config "$WORK/config.yaml" || fault "chart and config/default differ"

# The schemas can refuse: a misspelt field is found.
sed 's/enableServiceLinks/enableServiceLink/' "$WORK/minimal.yaml" >"$WORK/misspelt.yaml"
! "$BIN/kubeconform" -strict -schema-location "$WORK/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$WORK/misspelt.yaml" >/dev/null ||
	fault "a misspelt field passes the schemas"

[ "$faults" = 0 ] || refuse "$faults tests of the chart failed"
echo "chart: all values files render, fit the schemas and say what they should"
