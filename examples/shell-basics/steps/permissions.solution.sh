#!/bin/bash
# A sample solution of the step "permissions".
set -e
cd /home/learner/permissions

# Exercise 1: let it run
chmod u+x open-shop
./open-shop > opened.txt

# Exercise 2: keep it private, keep it safe
chmod 600 door-codes.txt
chmod a-w sign.txt

# Exercise 3: one team, one directory
chmod 770 team
chmod 660 team/rota.txt

# Exercise 4: a whole tree
find contracts -type f -exec chmod 640 {} +
find contracts -type d -exec chmod 750 {} +
