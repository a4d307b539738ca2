#!/bin/bash
# Opens the five desks of the shop: five processes that stay in the background.
cd "$(dirname "$0")" || exit 1

for number in 1 2 3 4 5; do
    setsid ./desk.sh --desk "$number" < /dev/null > /dev/null 2>&1 &
done
echo "Desks 1 to 5 are open. Desk 4 counts every customer twice."
