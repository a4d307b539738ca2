#!/bin/bash
# Usage: show-first.sh FILE
# Prints the name of the file and its first line. It has two faults.

file=$1

if [ $# -ne 1 ]; then
    echo "Usage: show-first.sh FILE" >&2
    exit 0
fi

echo "$file: $(head -n 1 $file)"
