# shellcheck shell=bash disable=SC2016 # what stands in single quotes is for a shell in a pod
# The node cluster as it should be. The tests build on each other, in this order.

test_node_up_from_nothing() {
	"$CLUSTER" up
	"$CLUSTER" status
	load_image "$IMAGE"
}

test_node_up_again_changes_nothing() {
	local before
	before=$(cat "$WORKSHOP_STATE"/cluster/run/*)
	"$CLUSTER" up
	[ "$before" = "$(cat "$WORKSHOP_STATE"/cluster/run/*)" ] || fail "the second call restarted something"
}

test_second_node_cluster_is_refused() {
	refused "a node cluster is on this machine already, with its state in $WORKSHOP_STATE/cluster" env WORKSHOP_STATE="$T/other" "$CLUSTER" up
	refused 'already' env WORKSHOP_STATE="$T/other" "$CLUSTER" down
	"$CLUSTER" status
}

test_pod_with_network_and_names() {
	pod plain '"restartPolicy":"Always"' | kubectl apply -f -
	kubectl wait --for=condition=Ready pod/plain --timeout=60s
	within 10 network_works plain
	# a name from outside is not there, and that is said at once
	refused NXDOMAIN kubectl exec plain -- busybox timeout 2 busybox nslookup example.com
}

test_pod_with_root_in_a_user_namespace() {
	pod rooted '"hostUsers":false' | kubectl apply -f -
	kubectl wait --for=condition=Ready pod/rooted --timeout=60s
	[ "$(kubectl exec rooted -- id -u)" = 0 ]
	kubectl exec rooted -- sh -c 'touch /tmp/file && chown 5:6 /tmp/file && [ "$(stat -c %u:%g /tmp/file)" = 5:6 ]'
	# root there is nobody here
	[ "$(kubectl exec rooted -- sh -c 'read -r _ outside _ </proc/self/uid_map && echo $outside')" -ge 65536 ]
	kubectl delete pod rooted --now
}

test_volume_from_the_pool_and_back() {
	local claim='"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"keep"}}]' volume
	printf '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"keep"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}' | kubectl apply -f -
	pod store "$claim" '"hostUsers":false' | sed 's#"command"#"volumeMounts":[{"name":"v","mountPath":"/keep"}],"command"#' | kubectl apply -f -
	kubectl wait --for=condition=Ready pod/store --timeout=60s
	kubectl exec store -- touch /keep/mine
	volume=$(kubectl get pvc keep -o 'jsonpath={.spec.volumeName}')
	[ -e "$WORKSHOP_STATE/cluster/volumes/$volume/mine" ]
	kubectl delete pod/store pvc/keep --now
	within 20 eval "kubectl get pv $volume | grep Released"
	"$CLUSTER" up
	kubectl get pv "$volume" | grep Available
	[ ! -e "$WORKSHOP_STATE/cluster/volumes/$volume/mine" ]
}

test_api_server_is_reached_through_its_service() {
	curl -fsSk https://198.19.0.1/version
}

test_audit_log_has_each_write_once() {
	local log=$WORKSHOP_STATE/cluster/log/audit.log
	"$CLUSTER" status | grep -F "$log"
	kubectl create configmap audited
	within 10 grep '"verb":"create".*"name":"audited"' "$log"
	[ "$(grep -c '"verb":"create".*"name":"audited"' "$log")" = 1 ]
}

test_registry_can_be_taken_away() {
	"$CLUSTER" part registry stop
	refused '' curl -fsS --max-time 2 http://198.18.0.1:15000/v2/
	"$CLUSTER" part registry start
	curl -fsS http://198.18.0.1:15000/v2/cluster-test/manifests/1 -H 'Accept: application/vnd.oci.image.manifest.v1+json'
}

# The image of a container that ended stays; an image that no container uses goes.
test_images_are_collected_when_asked() {
	load_image 198.18.0.1:15000/cluster-test:held
	load_image 198.18.0.1:15000/cluster-test:unused
	pod held '"restartPolicy":"Never"' | sed "s#$IMAGE#198.18.0.1:15000/cluster-test:held#; s#1000000#0#" | kubectl apply -f -
	kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/held --timeout=60s
	ctr images pull --plain-http 198.18.0.1:15000/cluster-test:unused
	"$CLUSTER" image-gc
	ctr images ls -q | grep -F cluster-test:held
	refused '' eval 'ctr images ls -q | grep -F cluster-test:unused'
	ctr images ls -q | grep -F workshop.local/pause
	kubectl delete pod held --now
}
