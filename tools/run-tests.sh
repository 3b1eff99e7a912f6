#!/bin/sh
# tools/run-tests.sh PYTEST... : run that command; tests that failed beside others run once more by themselves.
# Many tests start compilers, profilers and timers, and the machine has other work to do: what fails twice, the
# second time with nothing beside it, is a fault. What failed only once is printed with its reason, so that it can be seen.
set -u
"$@" --cache-clear
code=$?
[ $code -eq 1 ] || exit $code
echo "once more, by themselves, those that failed:" >&2
for argument; do
    shift
    case $argument in --numprocesses=* | --dist=* | -n*) ;; *) set -- "$@" "$argument" ;; esac
done
exec "$@" --last-failed --last-failed-no-failures=none
