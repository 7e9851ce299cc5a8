#!/bin/sh
# Runs a command where there is no network and nothing can be written but an empty /tmp: also not by code that Python does
# not see. `tests/robustness/sealed.sh python tests/robustness/fuzz.py texts --saved /tmp/fuzz`
set -eu
if [ "${SEALED-}" != yes ]; then
    for way in "" --map-root-user; do
        # shellcheck disable=SC2086 - no way is no argument
        if unshare --mount --net $way true 2>/dev/null; then
            SEALED=yes exec unshare --mount --net $way "$0" "$@"
        fi
    done
    echo "sealed.sh: nobody may make name spaces here: this needs root, or namespaces for everyone" >&2
    exit 69
fi
mount --make-rprivate /
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
case $here in /tmp/*) mount --bind "$here" /mnt ;; esac
mount -t tmpfs none /tmp
case $here in /tmp/*) mkdir -p "$here" && mount --move /mnt "$here" ;; esac # a checkout there is still there
awk '$5 != "/tmp" && $5 !~ /^\/(proc|sys)(\/|$)/ { print $5 }' /proc/self/mountinfo | while read -r place; do
    mount -o remount,bind,ro "$place"
done
exec env TMPDIR=/tmp "$@"
