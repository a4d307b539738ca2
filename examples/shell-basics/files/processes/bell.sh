#!/bin/bash
# Rings once a second and writes it down in bell.log, until somebody ends it.
cd "$(dirname "$0")" || exit 1

stop() {
    echo "bell $$ stopped by $1" >> bell.log
    exit 0
}
trap 'stop TERM' TERM
trap 'stop INT' INT

echo "bell $$ started" >> bell.log
while true; do
    echo "bell $$ rings" >> bell.log
    # In the background, so that a signal is answered at once.
    sleep 1 &
    wait $!
done
