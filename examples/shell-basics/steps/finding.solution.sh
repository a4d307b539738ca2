#!/bin/bash
# A sample solution of the step "finding".
set -e
cd /home/learner/finding

# Exercise 1: the hidden file
find shop -name '.*' > hidden.txt

# Exercise 2: every table
find shop -iname '*.csv' > tables.txt

# Exercise 3: the door code. The line says 7351.
grep -ri 'door code' shop
echo 7351 > code.txt
