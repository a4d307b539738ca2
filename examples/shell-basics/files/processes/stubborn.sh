#!/bin/bash
# Does not end when it is asked to.
cd "$(dirname "$0")" || exit 1

trap 'echo "stubborn $$ was asked to stop (TERM) and stays" >> stubborn.log' TERM
trap 'echo "stubborn $$ was interrupted (INT) and stays" >> stubborn.log' INT
trap 'echo "stubborn $$ lost its terminal (HUP) and stays" >> stubborn.log' HUP

echo "stubborn $$ started" >> stubborn.log
while true; do
    sleep 1 &
    wait $!
done
