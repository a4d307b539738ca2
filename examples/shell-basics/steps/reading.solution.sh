#!/bin/bash
# A sample solution of the step "reading".
set -e
cd /home/learner/reading

# Exercise 1: the end of the log
tail -n 20 lock.log > last.txt

# Exercise 2: count the errors
grep -c ERROR lock.log > errors.txt

# Exercise 3: a file with the wrong name. The note says: heron
file delivery.doc
zcat delivery.doc
echo heron > delivery.txt

# Exercise 4: one word in a long text. Chapter 5 says: LANTERN
grep -n -A 6 '^ *5 *LOST KEYS' manual.txt
echo LANTERN > word.txt

# Exercise 5: change one line. By hand: nano settings.ini
sed -i 's/^deposit = 20$/deposit = 50/' settings.ini
diff settings.backup.ini settings.ini || true
