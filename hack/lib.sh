# shellcheck shell=bash
# Helpers that every script of hack/ shares: progress with times, refusals, cache paths, Debian packages.
# Source it: . "$(dirname "$0")/lib.sh"

HACK=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Compiled things that outlive a clone and a cluster.
CACHE=${WORKSHOP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/workshop-platform}
# What a running cluster owns.
STATE=${WORKSHOP_STATE:-/var/lib/workshop-platform}
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly HACK CACHE STATE

# The tools of networks and kernel modules are there, and an ordinary user's PATH may lack it.
PATH=$PATH:/usr/sbin:/sbin

# progress MESSAGE...: a line on standard error with the seconds since the script began.
progress() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }

# warn MESSAGE...: something that the user should know and that stops nothing.
warn() { printf '[%4ds] warning: %s\n' "$SECONDS" "$*" >&2; }

# refuse MESSAGE...: what is wrong, where, and what to do; ends the script.
refuse() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# as_root COMMAND...: runs it as root. Ends the script where there is neither root nor sudo.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		refuse "\"$*\" needs root, and there is no sudo; run $(basename "$0") as root, or install sudo"
	fi
}

# free_megabytes DIR: free space at DIR, or at its nearest parent that exists.
free_megabytes() {
	local dir=$1
	while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
	df --output=avail -BM "$dir" | tail -n 1 | tr -dc '0-9'
}

# packages_for PART: the names in hack/packages that PART needs.
packages_for() {
	awk -v part="$1" -F ' # ' '
		/^#/ || NF < 2 { next }
		{ split($2, why, ":"); n = split(why[1], parts, ","); for (i = 1; i <= n; i++) if (parts[i] == part) print $1 }
	' "$HACK/packages"
}

# package_installed NAME
package_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# missing_packages NAME...: those that are not installed.
missing_packages() {
	local name
	for name; do package_installed "$name" || echo "$name"; done
}

# need_packages NAME...: installs what is missing. Every name stands in hack/packages, so that the list stays whole.
need_packages() {
	local name missing log
	for name; do
		grep -q "^$name # " "$HACK/packages" || refuse "package $name is needed but not listed in hack/packages; add a line there"
	done
	command -v dpkg-query >/dev/null || refuse "this script installs Debian packages and found no dpkg; use Debian 12 or newer, or a container of it"
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	progress "installing Debian packages: ${missing[*]}"
	log=$(mktemp)
	if ! install_packages "${missing[@]}" >"$log" 2>&1; then
		tail -n 5 "$log" >&2
		mapfile -t missing < <(missing_packages "${missing[@]}")
		rm -f "$log"
		refuse "cannot install Debian package ${missing[*]}; install it yourself (apt-get install ${missing[*]}) and run this again"
	fi
	rm -f "$log"
}

# need_packages_for PART: all that hack/packages says PART needs.
need_packages_for() {
	local packages
	mapfile -t packages < <(packages_for "$1")
	need_packages "${packages[@]}"
}

# install_packages NAME...: from the lists that are there, else after one update of them.
install_packages() {
	local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends)
	as_root "${install[@]}" "$@" && return
	as_root apt-get update && as_root "${install[@]}" "$@"
}

# Compiled dependencies outlive a clone: a fresh clone compiles only the project itself.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}

# programs: the folder of the compiled programs. Everything is built for the host's own target, named (.cargo/config.toml).
programs() { echo "$CARGO_TARGET_DIR/$(rustc -vV | awk '/^host:/ {print $2}')/debug"; }

# need_command NAME WHY: refuses where it is missing.
need_command() { command -v "$1" >/dev/null || refuse "$1 is missing; it is needed $2"; }
