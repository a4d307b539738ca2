# shellcheck shell=bash
# Ends a node cluster, whole or half made, and leaves nothing of it: process, mount, namespace, bridge, table, file.

# node_down KEEP ARGUMENTS: KEEP is "keep" where the state stays for the next "up".
node_down() {
	local keep=$1
	shift
	[ -d "$DIR" ] || [ -d "$RUN" ] || ip link show "$BRIDGE" >/dev/null 2>&1 || { progress "there is no node cluster" && return; }
	check_rights
	become_root "$@"
	take_lock "$RUN/lock"
	check_owner
	node_end
	[ "$keep" = keep ] || rm -rf "${DIR:?}"
	rm -rf "${RUN:?}"
	rmdir "$STATE" 2>/dev/null || true
	progress "the cluster is $([ "$keep" = keep ] && echo "stopped; its state stays in $DIR" || echo gone)"
}

# node_end: goes on where one of its steps fails, since what it finds may be half made.
node_end() { end_everything || true; }

end_everything() {
	local part pid
	for part in kubelet kube-proxy containerd; do stop_part "$part"; done
	remove_pods
	for part in $(recorded_parts); do stop_part "$part" KILL; done
	for pid in $(strays "$DIR/"); do end_process "$pid" KILL; done
	unmount_under "$DIR" "$RUN"
	network_down
	cgroup_down
	remove_traces
	# the lock stays while it is held
	find "$RUN" -mindepth 1 ! -path "$RUN/lock" -delete
}

# remove_pods: ends every container and its shim. containerd and kubelet are stopped.
remove_pods() {
	local pid
	for pid in $(cgroup_processes); do kill -s KILL "$pid" 2>/dev/null; done
	for pid in $(strays "-address $RUN/containerd.sock"); do end_process "$pid" KILL; done
	unmount_under "$RUN" "$DIR/kubelet"
	rm -rf "$RUN/runc" "$RUN/shim" "$RUN/containerd" "$RUN/addresses"
	# results of the network plugins, which have one folder for everybody
	rm -f /var/lib/cni/results/workshop-*
}

# unmount_under FOLDER...: deepest first. A mount that is still in use goes when its user goes.
unmount_under() {
	local folder mount
	for folder; do
		while read -r mount; do
			umount "$mount" 2>/dev/null || umount --lazy "$mount" 2>/dev/null
		done < <(awk -v folder="$folder/" 'index($2 "/", folder) == 1 { print $2 }' /proc/mounts | sort -r)
	done
}

# --- control groups: everything of the node is below one of our own, in every hierarchy

cgroup_roots() {
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		echo /sys/fs/cgroup
	else
		awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts | sort -u
	fi
}

cgroup_up() {
	local root
	for root in $(cgroup_roots); do
		mkdir -p "$root/$CGROUP"
		[ ! -e /sys/fs/cgroup/cgroup.controllers ] ||
			echo "+cpu +cpuset +memory +pids +io" | tee "$root/cgroup.subtree_control" >"$root/$CGROUP/cgroup.subtree_control"
	done
}

cgroup_processes() {
	local root
	for root in $(cgroup_roots); do
		[ ! -d "$root/$CGROUP" ] || find "$root/$CGROUP" -name cgroup.procs -exec cat {} +
	done 2>/dev/null | sort -un
}

cgroup_down() {
	local root
	for root in $(cgroup_roots); do
		for _ in $(seq 20); do
			[ -d "$root/$CGROUP" ] || break
			find "$root/$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
		done
	done
}

# remove_traces: what kubelet and the network plugins leave in folders of fixed names.
remove_traces() {
	local link
	for link in /var/log/containers/*; do
		case $(readlink "$link" 2>/dev/null) in "$DIR"/*) rm -f "$link" ;; esac
	done
	probe_other_kubelet || rm -f "$DEVICE_SOCKET"
	rmdir /var/log/containers /var/lib/cni/results /var/lib/cni /var/lib/kubelet/device-plugins /var/lib/kubelet 2>/dev/null || true
}
