# shellcheck shell=bash
# What must be true of the machine before anything is started, each with its refusal. The probes are small
# functions of their own, so that the tests can put others in their place.

probe_root() { [ "$(id -u)" = 0 ]; }
probe_command() { command -v "$1" >/dev/null; }
probe_go() { go env GOVERSION | sed 's/^go//'; }
probe_free() { free_megabytes "$1"; }
probe_module() { as_root modprobe -q "$1" 2>/dev/null || true; }
probe_overlay() { grep -qw overlay /proc/filesystems; }
probe_bridge() { as_root ip link add workshop-probe type bridge 2>/dev/null && as_root ip link del workshop-probe; }
probe_nftables() { as_root nft add table inet workshop-probe 2>/dev/null && as_root nft delete table inet workshop-probe; }
probe_bridge_filter() { [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; }
probe_user_namespaces() { unshare --user --map-root-user true 2>/dev/null; }
probe_routes() { ip -4 route show root "$1" 2>/dev/null; ip -4 route show match "$1" | grep -v ^default; }
probe_other_kubelet() { ss -Hlx src "$DEVICE_SOCKET" | grep . >/dev/null && ! part_pid kubelet >/dev/null; }
probe_listener() { ss -Hltn "sport = :$2" | awk '{print $4}' | grep -xE "($1|0\.0\.0\.0|\*|\[::\]):$2" >/dev/null; }

# check_build: the compiler and the room that the first build needs.
check_build() {
	local version
	probe_command go || refuse "the cluster is compiled from Go modules and there is no go command; install Go 1.26 or newer and put it into PATH"
	version=$(probe_go)
	[ "$(printf '%s\n' 1.26 "$version" | sort -V | head -n 1)" = 1.26 ] || refuse "Go $version is too old; the cluster needs Go 1.26 or newer"
	check_space "$CACHE" 6000 "the compiled cluster; set WORKSHOP_CACHE to a folder on a larger disk"
}

# check_space FOLDER MEGABYTES WHAT-FOR
check_space() {
	local free
	free=$(probe_free "$1")
	[ "$free" -ge "$2" ] || refuse "only $free MB are free at $1, and $2 MB are needed for $3"
}

# check_rights: root, or sudo that makes us root.
check_rights() {
	probe_root || probe_command sudo || refuse "the node cluster needs root (bridge, mounts, containers), and there is no sudo; run this as root, or install sudo. A control plane alone needs no root: hack/cluster up --control-plane --dir DIR"
}

check_kernel() {
	local name
	for name in overlay bridge br_netfilter nf_tables; do probe_module "$name"; done
	probe_overlay || refuse "this kernel has no overlay filesystem (CONFIG_OVERLAY_FS), which holds the images; use a kernel that has it, or load the module: modprobe overlay"
	probe_bridge || refuse "cannot make a network bridge (CONFIG_BRIDGE), which the pods are on; use a kernel that has it, or load the module: modprobe bridge"
	probe_bridge_filter || refuse "this kernel does not filter bridged packets (CONFIG_BRIDGE_NETFILTER), without which pods cannot reach services; load the module: modprobe br_netfilter"
	probe_nftables || refuse "cannot make an nftables table (CONFIG_NF_TABLES), which the services are; use a kernel that has it, or load the module: modprobe nf_tables"
	probe_user_namespaces || refuse "cannot make a user namespace (CONFIG_USER_NS), which workspaces with root need; allow it: sysctl -w user.max_user_namespaces=10000"
}

# check_ranges: no other network of this machine has the addresses of pods and services.
check_ranges() {
	local range others
	for range in "$POD_RANGE" "$SERVICE_RANGE"; do
		others=$(probe_routes "$range" | grep -v -e "dev $BRIDGE" -e "^blackhole $range" || true)
		[ -z "$others" ] || refuse "the cluster's range $range is in use on this machine: $(head -n 1 <<<"$others"); end that network first"
	done
}

check_other_kubelet() {
	! probe_other_kubelet || refuse "another kubelet runs on this machine (it listens on $DEVICE_SOCKET), and there can be one; stop it, or use its cluster"
}

# check_port ADDRESS PORT PART: free, or the part's own.
check_port() {
	part_pid "$3" >/dev/null || ! probe_listener "${1//./\\.}" "$2" ||
		refuse "$3 needs port $2 on $1, and another program listens there; see which with: ss -ltnp sport = :$2"
}
