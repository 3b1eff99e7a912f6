#!/bin/sh
# Install the tools that corr drives and this machine lacks: from Debian's packages where that is
# possible, else say what to install. Does nothing where all of them are there. With the argument
# `test` also what only the tests need.
set -eu

missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

# any LLVM from 17 up will do; 22 is what gets installed where there is none
llvm=""
for version in $(seq 40 -1 17); do
    if command -v "clang-$version" >/dev/null 2>&1; then llvm=$version; break; fi
done
llvm=${llvm:-22}
need "clang-$llvm" "clang-$llvm"
need "llvm-mca-$llvm" "llvm-$llvm"
need "llvm-cov-$llvm" "llvm-$llvm"
profile=$(ls "/usr/lib/llvm-$llvm/lib/clang/$llvm/lib/linux/"libclang_rt.profile-*.a 2>/dev/null || true)
[ -n "$profile" ] || missing="$missing libclang-rt-$llvm-dev"
# what -fopenmp links: programs with OpenMP, and loop directives of the optimiser
[ -e "/usr/lib/llvm-$llvm/lib/libomp.so" ] || missing="$missing libomp-$llvm-dev"
need perf linux-perf
need valgrind valgrind
need bwrap bubblewrap
need g++ g++
need objdump binutils
if [ "${1:-}" = test ]; then
    need cmake cmake
    need ninja ninja-build
    need papi_avail papi-tools
    need patch patch
    need "ld.lld-$llvm" "lld-$llvm"
    need "llvm-bolt-$llvm" "bolt-$llvm"
    need "clang-format-$llvm" "clang-format-$llvm"
    need pgrep procps
    need chromium chromium
    need npm npm
    need gdb gdb
    need vim vim
    [ -d "/usr/lib/llvm-$llvm/share/opt-viewer" ] || missing="$missing llvm-$llvm-tools"
    [ -f /usr/include/papi.h ] || missing="$missing libpapi-dev"
fi

[ -n "$missing" ] || exit 0
missing=$(echo "$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')

if ! command -v apt-get >/dev/null 2>&1; then
    echo "corr needs these tools, under the names that Debian gives them:$missing" >&2
    echo "Fedora: dnf install clang llvm compiler-rt perf valgrind bubblewrap gcc-c++" >&2
    echo "Arch:   pacman -S clang llvm compiler-rt perf valgrind bubblewrap gcc" >&2
    exit 3
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root=$(command -v sudo || true)
    [ -n "$as_root" ] || { echo "run as root: apt-get install $missing" >&2; exit 3; }
fi
echo "installing: $missing" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null \
    || { echo "apt-get could not install: $missing" >&2; exit 3; }
