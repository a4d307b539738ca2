#!/bin/bash
# A sample solution of the step "processes".
set -e
cd /home/learner/processes

# A script is faster than a person: it waits until the file says so.
wait_for_line() {
    for _ in $(seq 100); do
        grep -q "$1" "$2" 2> /dev/null && return
        sleep 0.1
    done
    echo "no line \"$1\" in $2 after 10 seconds" >&2
    exit 1
}

# Exercise 1: ring the bell, and stop it
./bell.sh &
wait_for_line started bell.log
pgrep -f 'bash ./bell.sh' > bell.pid
kill "$(cat bell.pid)"
wait_for_line stopped bell.log

# Exercise 2: one of five
./open-desks.sh
for _ in $(seq 100); do
    [ "$(pgrep -fc 'bash ./desk.sh --desk')" -eq 5 ] && break
    sleep 0.1
done
pgrep -af desk.sh
pkill -f 'desk.sh --desk 4'

# Exercise 3: the one that does not listen
./stubborn.sh &
stubborn=$!
wait_for_line started stubborn.log
kill "$stubborn"
wait_for_line TERM stubborn.log
kill -KILL "$stubborn"
wait "$stubborn" || true

# Exercise 4: what did it say at the end?
./inspect.sh || echo $? > status.txt
