#!/bin/sh
# Prints the path of a Python 3.11 that can make virtual environments, or says what is missing.
needs='import ensurepip, sqlite3, ssl, sys, venv
if sys.version_info[:2] != (3, 11): sys.exit(1)
print(sys.executable)'

set -f
IFS=:
for name in python3.11 python3 python; do
    for folder in $PATH; do
        if [ -x "$folder/$name" ] && "$folder/$name" -c "$needs" 2>/dev/null; then
            exit 0
        fi
    done
done
echo 'error: python: no Python 3.11 with venv and ensurepip is on PATH; accepted: python3.11' \
    '(on Debian: apt install python3.11-venv)' >&2
exit 1
