# shellcheck shell=bash
# Compiles the binaries of the cluster into the cache, once per set of versions.

LINKS=(etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)

# binaries_key: changes with every version, source file and build rule that the binaries are made from.
binaries_key() {
	(
		cd "$PARTS" || exit
		{
			uname -m
			find build.sh archive.sh go pause -type f \( -name '*.go' -o -name 'go.*' -o -name '*.c' -o -name '*.sh' \) -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
		} | sha256sum | cut -c 1-16
	)
}

# binaries: the folder that holds them, whether they are there or not.
binaries() { echo "$CACHE/cluster/$(binaries_key)/bin"; }

# need_binaries: compiles what is missing and sets BIN. The marker "finished" is written last, so a build that
# was killed goes on where it was: a finished binary is kept, and the Go cache has what was compiled of the next.
need_binaries() {
	BIN=$(binaries)
	# the time of the marker is that of the last use
	if [ -e "$BIN/finished" ]; then
		touch "$BIN/finished" 2>/dev/null || true
		return
	fi
	check_build
	need_packages_for build
	mkdir -p "$BIN"
	exec 8>>"$CACHE/cluster/build.lock"
	flock -n 8 || { progress "another build is running; waiting for it" && flock 8; }
	if [ ! -e "$BIN/finished" ]; then
		progress "compiling Kubernetes $KUBERNETES_VERSION, etcd, containerd and their tools (about 10 minutes of two cores, once)"
		build_all
		touch "$BIN/finished"
		forget_old_binaries
		progress "compiled into $BIN"
	fi
	exec 8>&-
}

# forget_old_binaries: those that nobody used for two weeks.
forget_old_binaries() {
	local marker
	find "$CACHE/cluster" -path '*/bin/finished' -mtime +14 | while read -r marker; do rm -rf "${marker%/bin/finished}"; done
}

build_all() {
	local version=k8s.io/component-base/version containerd=github.com/containerd/containerd/v2
	compile kube "" "-X $version.gitVersion=v$KUBERNETES_VERSION -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d . -f 2 <<<"$KUBERNETES_VERSION") -X $version.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$KUBERNETES_VERSION -X helm.sh/helm/v4/internal/version.version=v$HELM_VERSION" \
		./cmd/kube helm.sh/helm/v4/cmd/helm ./cmd/coredns
	local name
	for name in "${LINKS[@]}"; do ln -sfn kube "$BIN/$name"; done
	compile containerd "" "-X $containerd/version.Version=v$CONTAINERD_VERSION" \
		$containerd/cmd/containerd $containerd/cmd/containerd-shim-runc-v2 $containerd/cmd/ctr
	compile runc seccomp "" github.com/opencontainers/runc
	compile kubeconform "" "" github.com/yannh/kubeconform/cmd/kubeconform
	pause_image
}

# pause_image: a static program, packed as an archive that containerd imports.
pause_image() {
	mkdir -p "$BIN/pause"
	gcc -Os -static -s -o "$BIN/pause/pause" "$PARTS/pause/pause.c"
	bash "$PARTS/archive.sh" "$BIN/pause.tar" "$SANDBOX_IMAGE" "$BIN/pause" /pause
}

# compile FOLDER TAGS LINKER-FLAGS PACKAGE...: each package's binary, under the last part of its path.
# Only runc has parts in C.
compile() {
	local folder=$1 tags=$2 flags=$3 package name log cgo=0
	shift 3
	[ "$folder" != runc ] || cgo=1
	log=$CACHE/cluster/build-$folder.log
	: >"$log"
	for package; do
		name=$(basename "$package")
		[ ! -e "$BIN/$name" ] || continue
		progress "compiling $name"
		if ! (cd "$PARTS/go/$folder" && CGO_ENABLED=$cgo GOFLAGS=-mod=readonly nice go build -v -buildvcs=false -trimpath -tags "$tags" \
			-ldflags "-s -w $flags" -o "$BIN/$name.new" "$package") 2> >(tee -a "$log" | count_packages "$name"); then
			tail -n 20 "$log" >&2
			refuse "cannot compile $name; the whole output is in $log"
		fi
		mv "$BIN/$name.new" "$BIN/$name"
	done
}

# count_packages NAME: says every 30 seconds how many packages the compiler has named on standard input.
count_packages() {
	local count=0 last=$SECONDS
	while read -r _; do
		count=$((count + 1))
		[ $((SECONDS - last)) -ge 30 ] || continue
		last=$SECONDS
		progress "compiling $1: $count packages so far"
	done
}
