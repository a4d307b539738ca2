# shellcheck shell=bash disable=SC2016 # what stands in single quotes is for another shell
# Every refusal, with probes that say what such a machine would say. No cluster is started.

# with PROBE CHECK...: loads the checks, puts PROBE (a function definition) in its place, runs CHECK.
with() {
	local probe=$1
	shift
	bash -c 'set -euo pipefail; PARTS=$1; . "$PARTS/../lib.sh"; . "$PARTS/settings.sh"; . "$PARTS/process.sh"; . "$PARTS/checks.sh"; . "$PARTS/network.sh"
		DIR=/nonexistent; probe_module() { :; }; eval "$2"; shift 2; "$@"' with "$PARTS" "$probe" "$@"
}

test_refusal_without_root_and_sudo() {
	refused 'needs root (bridge, mounts, containers), and there is no sudo' \
		with 'probe_root() { false; }; probe_command() { false; }' check_rights
	with 'probe_root() { false; }; probe_command() { [ "$1" = sudo ]; }' check_rights
	with 'probe_root() { true; }; probe_command() { false; }' check_rights
}

test_refusal_without_space() {
	refused 'only 100 MB are free at /somewhere, and 2000 MB are needed for images' \
		with 'probe_free() { echo 100; }' check_space /somewhere 2000 images
	with 'probe_free() { echo 2000; }' check_space /somewhere 2000 images
}

test_refusal_without_kernel_feature() {
	local all='probe_overlay() { true; }; probe_bridge() { true; }; probe_bridge_filter() { true; }; probe_nftables() { true; }; probe_user_namespaces() { true; }'
	with "$all" check_kernel
	refused CONFIG_OVERLAY_FS with "$all; probe_overlay() { false; }" check_kernel
	refused CONFIG_BRIDGE with "$all; probe_bridge() { false; }" check_kernel
	refused CONFIG_BRIDGE_NETFILTER with "$all; probe_bridge_filter() { false; }" check_kernel
	refused CONFIG_NF_TABLES with "$all; probe_nftables() { false; }" check_kernel
	refused CONFIG_USER_NS with "$all; probe_user_namespaces() { false; }" check_kernel
}

test_kernel_of_this_machine_is_fine() { with : check_kernel; }

test_refusal_without_compiler() {
	refused 'there is no go command' with 'probe_command() { false; }' check_build
	refused 'Go 1.25.3 is too old' with 'probe_command() { true; }; probe_go() { echo 1.25.3; }; probe_free() { echo 99999; }' check_build
	with 'probe_command() { true; }; probe_go() { echo 1.26.8; }; probe_free() { echo 99999; }' check_build
}

test_refusal_of_a_used_range() {
	refused '198.18.0.0/16 is in use on this machine: 198.18.4.0/24 dev tun0' \
		with 'probe_routes() { [ "$1" != 198.18.0.0/16 ] || echo "198.18.4.0/24 dev tun0"; }' check_ranges
	with 'probe_routes() { echo "$1 dev workshop0 scope link"; }' check_ranges
}

test_refusal_of_a_used_port() {
	refused 'etcd needs port 12379 on 127.0.0.1, and another program listens there' \
		with 'probe_listener() { true; }' check_port 127.0.0.1 12379 etcd
	with 'probe_listener() { false; }' check_port 127.0.0.1 12379 etcd
	# the probe itself, on a port that is used for sure and on one that is not
	timeout 20 busybox nc -l -p 12399 >"$T/listener" 2>&1 &
	within 5 with : probe_listener '127\.0\.0\.1' 12399
	kill $!
	refused '' with : probe_listener '127\.0\.0\.1' 12398
}

test_refusal_of_another_kubelet() {
	refused 'another kubelet runs on this machine' with 'probe_other_kubelet() { true; }' check_other_kubelet
	with 'probe_other_kubelet() { false; }' check_other_kubelet
}

test_refusal_of_a_missing_package_names_it() {
	refused 'cannot install Debian package conntrack;' \
		with 'package_installed() { [ "$1" != conntrack ]; }; install_packages() { false; }' need_packages_for cluster
	refused 'package no-such-thing is needed but not listed in hack/packages' with : need_packages no-such-thing
	with 'package_installed() { [ -e "$HOME/installed" ]; }; HOME=$T; install_packages() { touch "$HOME/installed"; }' need_packages curl openssl
}

test_refusal_of_wrong_words() {
	refused '--control-plane needs --dir DIR' "$CLUSTER" up --control-plane
	refused 'nothing else' "$CLUSTER" up --control-plane --dir "$T/words" --with kubelet
	refused 'there is no part "nothing"' "$CLUSTER" part nothing stop
	refused 'not "hurt"' "$CLUSTER" part etcd hurt
	refused 'there is no cluster in' "$CLUSTER" kubeconfig
	refused Usage "$CLUSTER" nonsense
}
