#!/usr/bin/env bash
# Tests of hack/cluster, on the real thing. A node cluster that runs is stopped meanwhile and started again after.
# Usage: test.sh [--quick] [NAME...]   --quick: three random kills instead of ten; NAME: only tests with it in their name
set -uo pipefail
PARTS=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../lib.sh
. "$PARTS/../lib.sh"
[ "$(id -u)" = 0 ] || exec sudo -- env "WORKSHOP_CACHE=$CACHE" "WORKSHOP_STATE=$STATE" bash "$0" "$@"

CLUSTER=$HACK/cluster
KILLS=10
[ "${1:-}" != --quick ] || { KILLS=3 && shift; }
T=$(mktemp -d /var/tmp/workshop-cluster-test.XXXXXX)
chmod 755 "$T"
users_state=$STATE
export WORKSHOP_CACHE=$CACHE WORKSHOP_STATE=$T/state PARTS CLUSTER KILLS T
passed=0 failed=0 users_cluster=''

# run FILE FUNCTION: in a shell of its own that ends at the first failing command, after ten minutes at the latest;
# what it printed is shown if it failed.
run() {
	local begin=$SECONDS status
	# shellcheck disable=SC2016 # for the other shell
	timeout --kill-after=5 600 bash -c 'set -euo pipefail; . "$PARTS/../lib.sh"; . "$PARTS/settings.sh"; . "$PARTS/tests/support.sh"; . "$PARTS/tests/$1.sh"; "$2"' \
		test "$1" "$2" >"$T/output" 2>&1 </dev/null
	status=$?
	shift
	if [ $status = 0 ]; then
		passed=$((passed + 1)) && printf 'ok    %4ds  %s\n' $((SECONDS - begin)) "$1"
	else
		failed=$((failed + 1)) && printf 'FAIL  %4ds  %s\n' $((SECONDS - begin)) "$1"
		tail -n 40 "$T/output" | sed 's/^/      | /'
	fi
}

# wanted FILE NAMES: the tests of a file, in its order.
wanted() {
	local file=$PARTS/tests/$1.sh name word
	shift
	while read -r name; do
		[ $# -gt 0 ] || echo "$name"
		for word; do case $name in *"$word"*) echo "$name" && break ;; esac done
	done < <(sed -n 's/^\(test_[a-z_0-9]*\)() {.*/\1/p' "$file")
}

clean() {
	"$CLUSTER" down >/dev/null 2>&1
	for dir in "$T"/*/run; do [ ! -d "$dir" ] || "$CLUSTER" down --dir "$(dirname "$dir")" >/dev/null 2>&1; done
	rm -rf "$T"
	[ -z "$users_cluster" ] || WORKSHOP_STATE=$users_state "$CLUSTER" up
}
trap clean EXIT
trap 'exit 130' INT TERM

need_packages_for cluster-test
"$CLUSTER" build || exit 1
# shellcheck source=tests/support.sh
. "$PARTS/tests/support.sh"
for file in refusals processes control-plane; do
	for name in $(wanted "$file" "$@"); do run "$file" "$name"; done
done
if [ -n "$(wanted node "$@")$(wanted damage "$@")" ]; then
	if [ -e "$users_state/cluster/run" ]; then
		users_cluster=yes
		WORKSHOP_STATE=$users_state "$CLUSTER" stop || exit 1
	fi
	footprint >"$T/before"
	for file in node damage; do
		for name in $(wanted "$file" "$@"); do run "$file" "$name"; done
	done
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
