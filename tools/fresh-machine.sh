#!/bin/sh
# Shows that the README's two commands work on a machine that has nothing: a new Debian 12 with python3,
# python3-venv, make and git, in a root of its own on this one. Clones the last commit of this checkout into it and
# runs `make demo` and `make test`. Needs root, debootstrap (Debian: apt-get install debootstrap) and 8 GB of disk.
#
#   tools/fresh-machine.sh [--keep] [FOLDER [COMMAND...]]
#
# FOLDER is where the machine is made (a new temporary folder; a base system that is there already is taken as it
# is). COMMAND replaces the two. What apt, pip and npm know here of their registries, they know there.
set -eu

keep=""
if [ "${1:-}" = --keep ]; then keep=yes; shift; fi
checkout=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
commit=$(git -C "$checkout" rev-parse --short HEAD)
root=${1:-$(mktemp -d "${TMPDIR:-/tmp}/corr-fresh-XXXXXX")}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- sh -c 'make demo && make test'
[ "$(id -u)" -eq 0 ] || { echo "fresh-machine.sh: a root of its own needs root: sudo $0" >&2; exit 3; }
command -v debootstrap >/dev/null || { echo "fresh-machine.sh: apt-get install debootstrap" >&2; exit 3; }

mirror=$(sed -n 's/^URIs: *//p; s/^deb \(http[^ ]*debian\/*\) .*/\1/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)
if [ ! -e "$root/etc/debian_version" ]; then
    echo "a new Debian 12 in $root" >&2
    debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates \
        bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$root.log" 2>&1 \
        || { tail -n 20 "$root.log" >&2; exit 1; }
    rm -f "$root.log"
fi
[ -n "$keep" ] || trap 'rm -rf --one-file-system "$root"' EXIT

# the registries, as this machine reaches them: proxies, mirrors, certificates; no package
for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/sources.list.d/debian.sources /etc/pip.conf /etc/npmrc \
    /etc/resolv.conf /etc/hosts "$HOME/.npmrc" /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
[ ! -f "$root/etc/apt/sources.list.d/debian.sources" ] || rm -f "$root/etc/apt/sources.list"
[ ! -f "$HOME/.npmrc" ] || { mkdir -p "$root/root" && cp "$HOME/.npmrc" "$root/root/.npmrc"; }
registries=$(env | grep -E '^(PIP_|npm_config_|NODE_EXTRA_CA_CERTS|SSL_CERT|REQUESTS_CA|CURL_CA|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)' \
    | grep -v '^PIP_FIND_LINKS=' || true)

rm -rf "$root/root/corr"
git clone -q --no-hardlinks "$checkout" "$root/root/corr"
rm -f "$root/root/corr/.git/objects/info/alternates"

# A mount namespace with this root as its own: unlike in a plain chroot, a sandbox can be made in it, and nothing
# stays mounted.
export root
IFS='
'
# shellcheck disable=SC2086
exec_in() {
    unshare --mount --pid --fork --kill-child --propagation private sh -euc '
        mount --bind "$root" "$root"
        mount --rbind /dev "$root/dev"
        mount --rbind /sys "$root/sys"
        mount -t proc proc "$root/proc"
        mkdir -p "$root/.before"
        cd "$root"
        pivot_root . .before
        umount -l /.before
        cd /root/corr
        exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            LANG=C.UTF-8 TERM=dumb "$@"
    ' sh $registries "$@"
}
status=0
exec_in "$@" || status=$?
echo "fresh-machine.sh: $commit ended with $status" >&2
exit "$status"
