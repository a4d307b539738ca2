#!/usr/bin/env bash
# Waits until a process has ended, then ends the control plane that it started.
# Usage: watch-owner.sh PID DIR
set -euo pipefail
tail --pid="$1" -f /dev/null
# not as a child: "down" ends this process too
exec "$(dirname "$0")/../cluster" down --dir "$2"
