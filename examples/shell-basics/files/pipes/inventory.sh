#!/bin/bash
# Prints the stock on standard output and its warnings on standard error.
echo "city 24"
echo "warning: 2 city bikes have not been seen since April" >&2
echo "cargo 8"
echo "child 11"
echo "warning: child bike 131 has no bell" >&2
echo "tandem 4"
