# shellcheck shell=bash
# What the tests of the cluster share.

fail() {
	echo "$*" >&2
	return 1
}

# refused TEXT COMMAND...: it ends with an error, and TEXT is in what it says.
refused() {
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then fail "was not refused: $*"; fi
	case $said in *"$text"*) ;; *) fail "refused with: $said"$'\n'"wanted: $text" ;; esac
}

# not COMMAND...: fails where it succeeds. ("! COMMAND" does not end a shell with "set -e".)
not() {
	if "$@" >/dev/null 2>&1; then fail "succeeded: $*"; fi
}

# within SECONDS COMMAND...: until it succeeds.
within() {
	local limit=$((SECONDS + $1))
	shift
	until "$@" >"$T/within" 2>&1; do
		[ $SECONDS -lt $limit ] || { fail "not in time: $*"$'\n'"$(cat "$T/within")" || return 1; }
		sleep 0.2
	done
}

# as_nobody COMMAND...: as an ordinary user without rights, with the compiled binaries at hand.
as_nobody() {
	local key
	key=$(basename "$(dirname "$("$CLUSTER" bin)")")
	if [ ! -d "$T/nobody" ]; then
		mkdir -p "$T/nobody/cache/cluster"
		cp -al "$CACHE/cluster/$key" "$T/nobody/cache/cluster/" 2>/dev/null || cp -a "$CACHE/cluster/$key" "$T/nobody/cache/cluster/"
		chown nobody "$T/nobody" "$T/nobody/cache" "$T/nobody/cache/cluster"
	fi
	runuser -u nobody -- env HOME="$T/nobody" WORKSHOP_CACHE="$T/nobody/cache" WORKSHOP_STATE="$T/state" "$@"
}

kubectl() { "$("$CLUSTER" bin)/kubectl" --kubeconfig "${KUBECONFIG:-$WORKSHOP_STATE/cluster/kubeconfig}" "$@"; }
ctr() { "$("$CLUSTER" bin)/ctr" --address /run/workshop-platform/containerd.sock --namespace k8s.io "$@"; }

# footprint: what the machine has of networks, mounts, control groups, settings and files that a cluster touches.
footprint() { footprint_lines | LC_ALL=C sort; }

footprint_lines() {
	ip -br link | awk '{ print "link", $1 }'
	ip -4 route | sed 's/^/route /'
	nft list tables | sed 's/^/nft /'
	awk '$2 ~ "workshop" { print "mount", $2 }' /proc/mounts
	find /sys/fs/cgroup -maxdepth 2 -name 'workshop*' -o -maxdepth 2 -name kubepods | sed 's/^/cgroup /'
	sysctl net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables
	for path in /run/workshop-platform "$T/state" /run/containerd /run/netns /var/lib/cni /var/lib/kubelet /var/log/containers /var/log/pods /usr/libexec/kubernetes; do
		[ ! -e "$path" ] || echo "path $path"
	done
	pgrep -af "$T/state|/run/workshop-platform" | grep -v pgrep | sed 's/^[0-9]* /process /' || true
}

# load_image NAME: a small image with a shell into the registry; LABEL in it makes images differ.
load_image() {
	local root=$T/image
	mkdir -p "$root/bin" "$root/etc" "$root/tmp"
	cp /bin/busybox "$root/bin/"
	for name in sh cat id nslookup sleep chown touch ls stat; do ln -sfn busybox "$root/bin/$name"; done
	echo "$1" >"$root/etc/image"
	bash "$PARTS/archive.sh" "$T/image.tar" "$1" "$root" /bin/sh
	ctr images import --local "$T/image.tar"
	ctr images push --plain-http "$1"
	ctr images rm "$1"
}

IMAGE=198.18.0.1:15000/cluster-test:1

# pod NAME [FIELD...]: JSON of a pod that waits; FIELD is added to its spec.
pod() {
	local name=$1
	shift
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},"spec":{"terminationGracePeriodSeconds":0,%s"containers":[{"name":"main","image":"%s","command":["sleep","1000000"]}]}}' \
		"$name" "${*/%/,}" "$IMAGE"
}

# network_works POD: it gets an answer from the name service.
network_works() { kubectl exec "$1" -- nslookup kubernetes.default.svc.cluster.local; }
