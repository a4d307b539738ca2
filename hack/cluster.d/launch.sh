#!/usr/bin/env bash
# Becomes a part of a cluster: writes down its own process id, and only then turns into the command. Until then it
# holds the cluster's lock (file descriptor 9), so that nobody starts the same part beside it: whenever the script
# that called it is killed, the part is either recorded or not there.
# Usage: launch.sh DIR PART HASH COMMAND...
set -euo pipefail
DIR=$1 part=$2 hash=$3
shift 3
# shellcheck source=process.sh
. "$(dirname "$0")/process.sh"
echo "--- $(date -u +%FT%TZ) $*"
record "$part" "$hash"
# A lock that the caller of hack/cluster holds, or a pipe that it reads to the end, must not last as long as the part.
for open in /proc/$$/fd/*; do
	open=${open##*/}
	# 255 is this script, and bash's own.
	if [ "$open" -gt 2 ] && [ "$open" -ne 255 ]; then exec {open}>&-; fi
done
exec "$@"
