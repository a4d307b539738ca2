# shellcheck shell=bash
# The node cluster after what should not happen. The pod "plain" of node.sh must live on, or again, each time.

cluster_is_whole() {
	"$CLUSTER" up
	"$CLUSTER" status
	within 90 kubectl wait --for=condition=Ready node/node-1 --timeout=1s
	kubectl get pod plain || pod plain '"restartPolicy":"Always"' | kubectl apply -f -
	within 90 network_works plain
}

# kill_some NUMBER: of the parts, as they are recorded, without warning.
kill_some() {
	local file pid
	for file in $(shuf -n "$1" -e "$WORKSHOP_STATE"/cluster/run/*); do
		[ -f "$file" ] || continue
		echo "killing $(basename "$file")"
		read -r pid _ <"$file"
		kill -9 "$pid" || true # it may have ended before
	done
}

kill_shims() { pgrep -f 'containerd-shim-runc-v2.*/run/workshop-platform' | xargs -r kill -9 || true; }

kill_containers() { cat /sys/fs/cgroup/{pids/,}workshop-platform/kubepods/*/*/*/cgroup.procs 2>/dev/null | sort -u | xargs -r kill -9 || true; }

test_every_part_killed() {
	kill_some 99
	cluster_is_whole
}

test_up_killed_at_random_moments() {
	local round up tenths
	RANDOM=${SEED:=$$}
	echo "SEED=$SEED"
	for round in $(seq "$KILLS"); do
		# from a whole cluster, from one with killed parts, from a stopped one, from none
		case $((round % 4)) in
			1) kill_some 99 ;;
			2) "$CLUSTER" down ;;
			3) "$CLUSTER" stop ;;
		esac
		setsid "$CLUSTER" up &
		up=$!
		tenths=$((RANDOM % 60))
		sleep "$((tenths / 10)).$((tenths % 10))"
		echo "round $round: killing up after $tenths tenths of a second"
		kill -9 -- -$up || true
		kill_some 2
		[ $((RANDOM % 2)) = 0 ] || kill_shims
		"$CLUSTER" up
		curl -fsS http://198.18.0.1:15000/v2/cluster-test/manifests/1 -o "$T/manifest" || load_image "$IMAGE"
		cluster_is_whole
	done
}

test_bridge_removed_while_all_runs() {
	ip link del workshop0
	ip route del blackhole 198.18.0.0/16
	cluster_is_whole
}

test_rules_removed_while_all_runs() {
	nft delete table ip kube-proxy
	cluster_is_whole
}

test_sockets_removed_while_all_runs() {
	awk '$2 ~ "^/run/workshop-platform" { print $2 }' /proc/mounts | sort -r | xargs -r umount --lazy
	rm -rf /run/workshop-platform
	cluster_is_whole
}

test_machine_restarted() {
	kill_some 99
	kill_shims
	kill_containers
	awk '$2 ~ "workshop-platform|workshop-cluster-test" { print $2 }' /proc/mounts | sort -r | xargs -r umount --lazy
	rm -rf /run/workshop-platform
	ip link del workshop0
	ip route del blackhole 198.18.0.0/16
	sed -i 's/ [0-9a-f-]* \([0-9a-f]*\)$/ the-boot-before \1/' "$WORKSHOP_STATE"/cluster/run/*
	nft delete table ip kube-proxy
	cluster_is_whole
}

test_state_of_another_version_is_made_anew() {
	kubectl create configmap old
	echo "layout 0, Kubernetes 1.0.0" >"$WORKSHOP_STATE/cluster/version"
	"$CLUSTER" up 2>&1 | tee "$T/said"
	grep 'is of another version (layout 0, Kubernetes 1.0.0; this is: layout' "$T/said"
	refused NotFound kubectl get configmap old
	load_image "$IMAGE"
	cluster_is_whole
}

test_stop_keeps_the_state() {
	kubectl create configmap kept
	"$CLUSTER" stop
	footprint >"$T/after"
	diff "$T/before" <(grep -vx "path $T/state" "$T/after")
	"$CLUSTER" up
	kubectl get configmap kept
	cluster_is_whole
}

test_down_leaves_nothing() {
	"$CLUSTER" down
	diff "$T/before" <(footprint)
	"$CLUSTER" down
}

test_down_of_a_half_made_cluster_leaves_nothing() {
	local up tenths
	for tenths in 5 20 45; do
		setsid "$CLUSTER" up &
		up=$!
		sleep "$((tenths / 10)).$((tenths % 10))"
		kill -9 -- -$up
		"$CLUSTER" down
		diff "$T/before" <(footprint)
	done
}
