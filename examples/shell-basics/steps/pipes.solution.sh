#!/bin/bash
# A sample solution of the step "pipes".
set -e
cd /home/learner/pipes

# Exercise 1: how many visitors?
cut -d ' ' -f 1 access.log | sort -u | wc -l > visitors.txt

# Exercise 2: the five most wanted pages
cut -d ' ' -f 7 access.log | sort | uniq -c | sort -rn | head -n 5 > top5.txt

# Exercise 3: results here, warnings there
./inventory.sh > stock.txt 2> warnings.txt

# Exercise 4: the income from cargo bikes
awk -F , '$2 == "cargo" { sum += $5 } END { print sum }' rentals.csv > income.txt
