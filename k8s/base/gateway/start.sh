#!/bin/sh
# Starts the gateway with the key of the visitor digests that all its replicas share: a visitor looks the same to each of them.
set -eu
[ "$(wc -c </secret/visitors)" = 64 ] || {
    echo 'The Secret lab-visitors must hold 64 hexadecimal digits under the key visitors. docs/cluster.md says how to make it.' >&2
    exit 1
}
umask 077
cp /secret/visitors /state/secret
umask 022
exec /srv/nginx/start.sh
