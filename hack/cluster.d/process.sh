# shellcheck shell=bash
# Processes of a cluster: started so that a killed script loses none, stopped so that no other process is ever hit.
# DIR is the cluster's state folder; a part's record is DIR/run/PART: "pid start-time boot-id command-hash".

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# start_time PID: when the process began, in clock ticks since boot; fails where it does not exist or has ended and
# was only not waited for. A first thread that ended counts as long as others of the process still end: until then
# the process keeps its ports.
start_time() {
	local stat threads
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	read -ra stat <<<"${stat##*) }"
	threads=("/proc/$1/task/"*)
	{ [ "${stat[0]}" != Z ] || [ ${#threads[@]} -gt 1 ]; } && echo "${stat[19]}"
}

# record PART HASH: this process is PART from now on.
record() {
	echo "$$ $(start_time $$) $(boot_id) $2" >"$DIR/run/.$1.$$"
	mv "$DIR/run/.$1.$$" "$DIR/run/$1"
}

# part_pid PART: prints its process id if the very process that was recorded still runs.
part_pid() {
	local pid start boot _
	[ -e "$DIR/run/$1" ] || return 1
	read -r pid start boot _ <"$DIR/run/$1" || return 1
	[ "$boot" = "$(boot_id)" ] && [ "$(start_time "$pid")" = "$start" ] && echo "$pid"
}

# recorded_parts: the names of the parts that were ever started here and not stopped.
recorded_parts() {
	local file
	for file in "$DIR"/run/*; do [ ! -f "$file" ] || basename "$file"; done
}

# take_lock FILE: one script at a time works on a cluster; waits up to five minutes. The lock is file descriptor 9.
take_lock() {
	mkdir -p "$(dirname "$1")"
	while :; do
		exec 9>>"$1"
		if ! flock -n 9; then
			progress "another hack/cluster is at work on this cluster; waiting for it"
			flock -w 300 9 || refuse "another hack/cluster holds $1 for more than 5 minutes; see who with: fuser $1"
		fi
		# whoever held it may have removed the file
		[ "$(stat -Lc %i /proc/self/fd/9)" != "$(stat -c %i "$1" 2>/dev/null)" ] || return 0
	done
}

# start_part PART COMMAND...: unless the same command with the same configuration runs already. Files of the
# configuration are named in CONFIG_FILES.
start_part() {
	local part=$1 hash recorded=
	shift
	hash=$({ printf '%s\n' "$@" && cat "${CONFIG_FILES[@]}" </dev/null; } | sha256sum | cut -c 1-16)
	if part_pid "$part" >/dev/null; then
		read -r _ _ _ recorded <"$DIR/run/$part"
		[ "$recorded" != "$hash" ] || return 0
		progress "$part: its configuration changed, restarting it"
	fi
	stop_part "$part"
	keep_small "$DIR/log/$part.log"
	# A session of its own, so that it outlives this script and whatever ends this script's process group.
	setsid bash "$PARTS/launch.sh" "$DIR" "$part" "$hash" "$@" </dev/null >>"$DIR/log/$part.log" 2>&1 &
	local launcher=$!
	until [ -e "$DIR/run/$part" ]; do
		kill -0 "$launcher" 2>/dev/null || [ -e "$DIR/run/$part" ] || refuse "cannot start $part; see $DIR/log/$part.log"
		sleep 0.02
	done
}

# stop_part PART [SIGNAL]: asks it to end, after two seconds makes it: every part is made to survive that.
stop_part() {
	local pid
	if pid=$(part_pid "$1"); then
		end_process "$pid" "${2:-TERM}"
	fi
	rm -f "$DIR/run/$1"
}

# end_process PID SIGNAL
end_process() {
	local start tries=0
	start=$(start_time "$1") || return 0
	kill -s "$2" "$1" 2>/dev/null || return 0
	while [ "$(start_time "$1")" = "$start" ]; do
		tries=$((tries + 1))
		[ $tries -ne 40 ] || kill -s KILL "$1" 2>/dev/null
		sleep 0.05
	done
}

# keep_small FILE: a log that has grown over 50 MB starts again.
keep_small() {
	if [ -f "$1" ] && [ "$(stat -c %s "$1")" -gt 52428800 ]; then mv "$1" "$1.old"; fi
}

# wait_ready SECONDS PART COMMAND...: until COMMAND succeeds; fails where PART ends meanwhile or the time is over.
wait_ready() {
	local limit=$((SECONDS + $1)) part=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		part_pid "$part" >/dev/null || return 1
		[ $SECONDS -lt $limit ] || return 1
		sleep 0.1
	done
}

# strays WORD: ids of processes of our binaries that have WORD in their command line.
strays() {
	local proc line exe
	for proc in /proc/[0-9]*; do
		exe=$(readlink "$proc/exe" 2>/dev/null) || continue
		case ${exe% (deleted)} in
			"$CACHE"/cluster/*/bin/* | /usr/bin/docker-registry) ;;
			*) continue ;;
		esac
		line=$(tr '\0' ' ' <"$proc/cmdline" 2>/dev/null) || continue
		case $line in *"$1"*) echo "${proc#/proc/}" ;; esac
	done
}
