# shellcheck shell=bash
# The node cluster: everything of Kubernetes on this machine, with containers. One per machine.

node_up() {
	check_rights
	need_node_packages
	check_kernel
	need_binaries
	become_root "$@"
	take_lock "$RUN/lock"
	check_owner
	check_space "$STATE" 2000 "images and logs of the cluster; set WORKSHOP_STATE to a folder on a larger disk"
	check_version
	check_ranges
	check_other_kubelet
	mkdir -p "$DIR/run" "$DIR/log"
	echo "$STATE_VERSION" >"$DIR/version"
	heal
	network_up
	cgroup_up
	write_configuration
	certificates
	start_parts
	finish
	progress "the cluster is up: export KUBECONFIG=$DIR/kubeconfig"
}

# need_node_packages: the package of the registry comes with a service, which is not wanted.
need_node_packages() {
	local registry_was_here=yes
	package_installed docker-registry || registry_was_here=no
	need_packages_for cluster
	[ $registry_was_here = yes ] || ! probe_command systemctl || as_root systemctl disable --quiet --now docker-registry 2>/dev/null || true
}

# become_root ARGUMENTS: the rest of the work is root's; the binaries were compiled by the caller.
become_root() {
	[ "$(id -u)" != 0 ] || return 0
	exec sudo -- env "WORKSHOP_CACHE=$CACHE" "WORKSHOP_STATE=$STATE" "$HACK/cluster" "$@"
}

# check_owner: the bridge, the sockets and the ports have fixed names, so a second cluster cannot be beside this one.
check_owner() {
	local owner
	if [ -e "$RUN/owner" ]; then
		owner=$(<"$RUN/owner")
		[ "$owner" = "$DIR" ] || [ ! -d "$owner" ] ||
			refuse "a node cluster is on this machine already, with its state in $owner; end it first: WORKSHOP_STATE=$(dirname "$owner") hack/cluster down"
	fi
	echo "$DIR" >"$RUN/owner"
}

check_version() {
	local version
	[ -d "$DIR" ] || return 0
	version=$(cat "$DIR/version" 2>/dev/null || true)
	[ "$version" != "$STATE_VERSION" ] || return 0
	progress "the state in $DIR is of another version (${version:-none}; this is: $STATE_VERSION): making it anew"
	node_end
	rm -rf "${DIR:?}"
	echo "$DIR" >"$RUN/owner"
}

# heal: after a restart of the machine, or where somebody took the bridge or the sockets away, what still runs of the
# node hangs in the air. It is ended; kubelet makes the pods anew. Processes that no record names are ended too.
heal() {
	local part pid known=()
	if ! bridge_there || [ ! -d "$RUN/containerd" ]; then
		for part in kubelet containerd; do stop_part "$part"; done
		remove_pods || true
	fi
	# somebody emptied the rules: kube-proxy writes them whole only when it starts
	nft list table ip kube-proxy >/dev/null 2>&1 || stop_part kube-proxy
	for part in $(recorded_parts); do known+=("$(part_pid "$part" || true)"); done
	for pid in $(strays "$DIR/"); do
		case " ${known[*]} " in *" $pid "*) ;; *) end_process "$pid" KILL ;; esac
	done
}

certificates() {
	make_authority
	make_certificate apiserver /CN=kube-apiserver "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$NODE_ADDRESS,IP:$API_SERVICE"
	make_certificate kubelet "/O=system:nodes/CN=system:node:$NODE" "DNS:$NODE,IP:$NODE_ADDRESS"
	make_certificate admin "/O=system:masters/CN=admin"
	make_certificate kcm /CN=system:kube-controller-manager
	make_certificate scheduler /CN=system:kube-scheduler
	make_certificate proxy /CN=system:kube-proxy
	make_certificate coredns /CN=workshop:coredns
	local name
	for name in kubelet kcm scheduler proxy coredns; do make_kubeconfig $name "https://$NODE_ADDRESS:$API_PORT" "$DIR/pki/$name.conf"; done
	make_kubeconfig admin "https://$NODE_ADDRESS:$API_PORT" "$DIR/kubeconfig"
	[ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID" "$DIR/kubeconfig"
}

start_parts() {
	node_part registry
	node_part etcd
	node_part kube-apiserver
	progress "the API server answers"
	refill_volumes
	write_manifests "$DIR/manifests/cluster.yaml"
	kubectl apply --server-side --force-conflicts -f "$DIR/manifests/cluster.yaml" >/dev/null
	node_part kube-controller-manager
	node_part kube-scheduler
	node_part coredns
	node_part containerd
	import_pause
	node_part kubelet
	node_part kube-proxy
}

kubectl() { "$BIN/kubectl" --kubeconfig "$DIR/kubeconfig" "$@"; }

# refill_volumes: volumes whose claim was deleted are emptied and go back into the pool.
refill_volumes() {
	local name
	for name in $(kubectl get pv -l workshop.local/pool=local -o 'jsonpath={range .items[?(@.status.phase=="Released")]}{.metadata.name}{"\n"}{end}'); do
		rm -rf "$DIR/volumes/$name"
		kubectl delete pv "$name" >/dev/null
	done
	for name in $(seq -w "$VOLUMES"); do mkdir -p "$DIR/volumes/local-$name"; done
}

import_pause() {
	local ctr=("$BIN/ctr" --address "$RUN/containerd.sock" --namespace k8s.io images)
	"${ctr[@]}" ls -q 2>/dev/null | grep -xF "$SANDBOX_IMAGE" >/dev/null || "${ctr[@]}" import --local "$BIN/pause.tar" >>"$DIR/log/containerd.log" 2>&1 ||
		refuse "cannot import the image of the pods' sandbox; see $DIR/log/containerd.log"
}

# finish: the node is ready, names are answered through the service.
finish() {
	wait_ready 60 kubelet kubectl get node "$NODE" || refuse "the node does not appear; see $DIR/log/kubelet.log"
	kubectl wait --for=condition=Ready "node/$NODE" --timeout=60s >/dev/null || refuse "the node does not become ready; see $DIR/log/kubelet.log"
	progress "the node is ready"
	wait_ready 30 kube-proxy dns_answers "$DNS_SERVICE" 53 || refuse "the name service does not answer at $DNS_SERVICE; see $DIR/log/coredns.log and $DIR/log/kube-proxy.log"
	progress "name service and registry ($REGISTRY) answer"
}
