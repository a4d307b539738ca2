# shellcheck shell=bash disable=SC2016 # what stands in single quotes is for another shell
# Starting and stopping processes, with harmless ones.

# processes SCRIPT: runs it with the functions of process.sh and a state folder.
processes() {
	bash -c 'set -euo pipefail; PARTS=$1 DIR=$2; . "$PARTS/../lib.sh"; . "$PARTS/process.sh"; . "$PARTS/tests/support.sh"; CONFIG_FILES=(); mkdir -p "$DIR/run" "$DIR/log"
		take_lock "$DIR/lock"; eval "$3"' processes "$PARTS" "$T/processes" "$1"
}

test_part_is_started_once_and_stopped() {
	processes 'start_part a sleep 1000; first=$(part_pid a); start_part a sleep 1000; [ "$(part_pid a)" = "$first" ]
		start_part a sleep 1001; [ "$(part_pid a)" != "$first" ]; not start_time "$first"; stop_part a; not part_pid a'
}

test_part_that_ignores_the_signal_is_ended() {
	processes "start_part a bash -c 'trap : TERM; while :; do sleep 1; done'; pid=\$(part_pid a); stop_part a; not start_time \"\$pid\""
}

test_another_process_with_the_same_id_is_left_alone() {
	processes 'sleep 1000 & pid=$!; echo "$pid 1 $(boot_id) x" >"$DIR/run/a"; not part_pid a; stop_part a; start_time "$pid"
		echo "$pid $(start_time "$pid") another-boot x" >"$DIR/run/a"; not part_pid a; stop_part a; start_time "$pid"; kill "$pid"'
}

test_damaged_record_is_no_process() {
	processes ': >"$DIR/run/a"; not part_pid a; echo "nonsense" >"$DIR/run/a"; not part_pid a; stop_part a; not test -e "$DIR/run/a"'
}

test_part_outlives_the_script_that_started_it() {
	setsid bash -c 'PARTS=$1 DIR=$2; . "$PARTS/../lib.sh"; . "$PARTS/process.sh"; CONFIG_FILES=(); mkdir -p "$DIR/run" "$DIR/log"; take_lock "$DIR/lock"
		start_part long sleep 1000; kill -9 -$$' outlive "$PARTS" "$T/processes" || true
	# the lock is free and the part is known
	processes 'part_pid long; stop_part long'
}

test_part_holds_nothing_that_its_caller_has_open() {
	processes 'exec 7>>"$DIR/callers"; flock -n 7; start_part a sleep 1000; pid=$(part_pid a); exec 7>&-
		within 5 flock -n "$DIR/callers" true
		[ "$(ls "/proc/$pid/fd" | xargs)" = "0 1 2" ]; stop_part a'
}

test_two_scripts_take_turns() {
	processes 'echo first >"$DIR/turn"; sleep 0.3; echo first-done >>"$DIR/turn"' &
	within 5 grep first "$T/processes/turn"
	processes 'echo second >>"$DIR/turn"'
	wait
	[ "$(xargs <"$T/processes/turn")" = "first first-done second" ]
}
