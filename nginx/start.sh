#!/bin/sh
# Writes NGINX's configuration for this place and starts it in the foreground; the same in a container and on a laptop.
#
#   LAB_LISTEN     address:port for people and programs                       0.0.0.0:8080
#   LAB_SOCKETS    folder with the services' sockets                          /sockets
#   LAB_STATE      folder for the journal and the installation's secret       /state
#   LAB_NGINX_RUN  folder for everything NGINX writes for itself              /tmp/nginx
#   LAB_BIND       address under which it is published                        127.0.0.1
#   LAB_TRUST_USER_ID  1: believe the header X-User-ID                        1 if published on loopback only
#   LAB_WORKERS    number of worker processes                                 auto
#   LAB_LOG_LEVEL  of NGINX's own error log                                   warn
set -eu

here=$(cd "$(dirname "$0")" && pwd)
sockets=${LAB_SOCKETS:-/sockets}
state=${LAB_STATE:-/state}
run=${LAB_NGINX_RUN:-/tmp/nginx}
journal=$state/journal

say() { printf 'nginx/start.sh: %s\n' "$*" >&2; }

# A unix socket's path has room for about 100 characters.
if [ ${#sockets} -gt 80 ] || [ ${#run} -gt 80 ]; then
    say "The folders LAB_SOCKETS ($sockets) and LAB_NGINX_RUN ($run) must have paths of at most 80 characters."
    exit 1
fi

case $here$sockets$state$run in
    *[!A-Za-z0-9/._+=,~-]*)
        say "The paths $here, $sockets, $state and $run may hold only letters, digits and / . _ + = , ~ - (no spaces)."
        exit 1 ;;
esac

mkdir -p "$run"
# Sockets of a gateway that was killed would keep this one from starting.
rm -f "$run"/turn-*.sock "$run"/relay.sock

# The gateway runs without a journal, and says at /ready that it must not get traffic.
mkdir -p "$journal" || say "$journal cannot be created: predictions will not be logged, and /ready says so."

# The secret, here and in the configuration, is nobody else's business.
umask 077

# Made once: the journal's visitor digests stay comparable over restarts. Renamed when complete, so never half a secret.
new_secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
if [ ! -f "$state/secret" ] || [ "$(wc -c <"$state/secret")" != 64 ]; then
    { new_secret >"$state/secret.new" && [ "$(wc -c <"$state/secret.new")" = 64 ] && mv "$state/secret.new" "$state/secret"; } ||
        say "$state/secret cannot be written: visitors will look new after a restart."
fi
secret=$(cat "$state/secret" 2>/dev/null || true)
[ ${#secret} = 64 ] || secret=$(new_secret)

# Within one machine a client may say who its user is, and read what the lab knows; strangers from elsewhere could pose as anybody.
case ${LAB_BIND:-127.0.0.1} in
    127.*|localhost|::1) trust=${LAB_TRUST_USER_ID:-1} reading=1 ;;
    *) trust=${LAB_TRUST_USER_ID:-0} reading= ;;
esac

# upstreams.conf is the list of variants; JavaScript gets it from here.
known=$(sed -n 's/^upstream  *\([a-z0-9]*\.[a-z0-9]*\) .*/\1/p' "$here/upstreams.conf" | tr '\n' ' ' | sed 's/ $//')

# Addresses that are taken: the model would never be asked, and one called lab would take the lab's socket.
for name in $known; do
    case .$name. in
        *.lab.*|*.feedback.*|*.seldon.*|*.api.*)
            say "$here/upstreams.conf names $name: a route or variant cannot be called lab, feedback, seldon or api. Choose another name."
            exit 1 ;;
    esac
done

# What the lab may give visitors to: the variants that this gateway knows, whatever is written into the file after its start.
cp "$here/upstreams.conf" "$state/upstreams.conf" 2>/dev/null || true

# As root, NGINX would hand its workers to a user who can read neither sockets nor journal.
user=
[ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"

for file in "$here"/*.conf; do
    sed -e "s|@HERE@|$here|g" -e "s|@RUN@|$run|g" -e "s|@SOCKETS@|$sockets|g" -e "s|@JOURNAL@|$journal|g" \
        -e "s|@STATE@|$state|g" -e "s|@MODULES@|${LAB_NGINX_MODULES:-/usr/lib/nginx/modules}|g" -e "s|@USER@|$user|g" \
        -e "s|@WORKERS@|${LAB_WORKERS:-auto}|g" -e "s|@LOG_LEVEL@|${LAB_LOG_LEVEL:-warn}|g" \
        -e "s|@LISTEN@|${LAB_LISTEN:-0.0.0.0:8080}|g" -e "s|@KNOWN@|$known|g" -e "s|@SECRET@|$secret|g" -e "s|@TRUST_USER_ID@|$trust|g" \
        -e "s|@READING@|$reading|g" \
        "$file" >"$run/$(basename "$file")"
done

# What follows from the list of variants: turns, shadows, and the routes that count until the lab changes them.
"$here/generate.sh" "$here" "$run" "$sockets" "$known"

# Journal files must be readable by whoever analyses them.
umask 022
exec nginx -p "$run" -c "$run/nginx.conf" -e stderr -g 'daemon off;' "$@"
