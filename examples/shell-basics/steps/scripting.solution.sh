#!/bin/bash
# A sample solution of the step "scripting": writes the scripts of the learner.
set -e
cd /home/learner/scripting

# Exercise 1: hello
cat > hello.sh << 'END'
#!/bin/bash
if [ $# -ne 1 ]; then
    echo "Usage: hello.sh NAME" >&2
    exit 2
fi
echo "Hello, $1!"
END

# Exercise 2: repair
cat > show-first.sh << 'END'
#!/bin/bash
# Usage: show-first.sh FILE
# Prints the name of the file and its first line.

file=$1

if [ $# -ne 1 ]; then
    echo "Usage: show-first.sh FILE" >&2
    exit 2
fi

echo "$file: $(head -n 1 "$file")"
END

# Exercise 3: count
cat > count.sh << 'END'
#!/bin/bash
for file in "$1"/*.csv; do
    lines=$(wc -l < "$file")
    echo "$(basename "$file"): $((lines - 1)) rentals"
done
END

# Exercise 4: backup
cat > backup.sh << 'END'
#!/bin/bash
if [ ! -d "$1" ]; then
    echo "backup.sh: not a directory: $1" >&2
    exit 1
fi

mkdir -p "$2"
count=0
for file in "$1"/*.csv; do
    cp "$file" "$2"
    count=$((count + 1))
done
echo "Copied $count files."
END

chmod +x hello.sh show-first.sh count.sh backup.sh
