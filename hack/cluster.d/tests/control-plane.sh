# shellcheck shell=bash
# Control planes alone.

test_control_plane_twice_and_two_at_once() {
	local before
	"$CLUSTER" up --control-plane --dir "$T/one" &
	"$CLUSTER" up --control-plane --dir "$T/two"
	wait $!
	before=$(cat "$T/one/run/"*)
	"$CLUSTER" up --control-plane --dir "$T/one"
	[ "$before" = "$(cat "$T/one/run/"*)" ] || fail "the second call restarted something"
	KUBECONFIG=$T/one/kubeconfig kubectl create configmap only-here
	refused NotFound env KUBECONFIG="$T/two/kubeconfig" "$("$CLUSTER" bin)/kubectl" get configmap only-here
	within 5 grep '"verb":"create".*only-here' "$T/one/log/audit.log"
	"$CLUSTER" status --dir "$T/one"
}

test_control_plane_killed_comes_back_with_its_objects() {
	local kubeconfig
	kubeconfig=$(cat "$T/one/kubeconfig")
	while read -r pid _; do kill -9 "$pid"; done < <(cat "$T/one/run/"*)
	refused '' "$CLUSTER" status --dir "$T/one"
	"$CLUSTER" up --control-plane --dir "$T/one"
	KUBECONFIG=$T/one/kubeconfig kubectl get configmap only-here
	[ "$kubeconfig" = "$(cat "$T/one/kubeconfig")" ] || fail "the kubeconfig changed"
}

test_control_plane_with_controllers_removes_a_namespace() {
	"$CLUSTER" up --control-plane --dir "$T/two" --with controller-manager
	export KUBECONFIG=$T/two/kubeconfig
	kubectl create namespace short
	within 20 kubectl get serviceaccount default --namespace short
	kubectl delete namespace short --timeout=30s
}

test_control_plane_of_another_version_is_made_anew() {
	echo "layout 0" >"$T/two/version"
	"$CLUSTER" up --control-plane --dir "$T/two" 2>&1 | tee "$T/said"
	grep 'of another version' "$T/said"
	KUBECONFIG=$T/two/kubeconfig kubectl get namespace default
}

test_control_plane_gone_leaves_nothing() {
	touch "$T/two/notes"
	"$CLUSTER" down --dir "$T/one"
	"$CLUSTER" down --dir "$T/two"
	"$CLUSTER" down --dir "$T/two"
	[ ! -e "$T/one" ] && [ "$(ls -A "$T/two")" = notes ]
	not pgrep -f "$T/(one|two)/"
}

test_control_plane_without_root() {
	as_nobody mkdir -p "$T/nobody/plane"
	as_nobody "$CLUSTER" up --control-plane --dir "$T/nobody/plane"
	as_nobody "$CLUSTER" down --dir "$T/nobody/plane"
	refused 'cannot make the folder' as_nobody "$CLUSTER" up --control-plane --dir /root/plane
}

test_control_plane_ends_with_its_owner() {
	local owner
	sleep 1000 &
	owner=$!
	"$CLUSTER" up --control-plane --dir "$T/owned" --owner $owner
	kill -9 $owner
	within 20 test ! -e "$T/owned"
	not pgrep -f "$T/owned/"
}
