#!/bin/sh
# Writes what follows from the list of variants. Usage: generate.sh HERE RUN SOCKETS "fruit.custom fruit.vgg16 …"
set -eu
here=$1 run=$2 sockets=$3 known=$4

# Round robin goes over two, three or four variants; split.js knows the limit.
turns="2 3 4"

routes=$(printf '%s\n' $known | cut -d. -f1 | sort -u)

# Whose turn is it? Strict alternation of predictions over all worker processes: the workers share the position of an
# upstream that has a `zone`, so asking one of these tiny servers in turn tells the number before the upload goes out.
# Pages and static files never ask, so they take nobody's turn.
{
    for slot in 0 1 2 3; do
        echo "server { listen unix:$run/turn-$slot.sock; access_log off; add_header X-Turn $slot; return 204; }"
    done
    for route in $routes; do
        for count in $turns; do
            # 64k is more memory than four servers need; `keepalive` keeps idle connections of each worker.
            echo "upstream turn.$route.$count {"
            echo "    zone turn_${route}_$count 64k;"
            slot=0
            while [ $slot -lt "$count" ]; do
                echo "    server unix:$run/turn-$slot.sock max_fails=0;"
                slot=$((slot + 1))
            done
            echo "    keepalive 8;"
            echo "}"
        done
    done
} >"$run/turns.conf"

# Shadows have upstreams of their own: at most eight copies per worker wait for one, more are dropped and counted. A few idle
# connections stay open, for half a minute.
for name in $known; do
    echo "upstream shadow.$name { server unix:$sockets/${name#*.}.sock max_fails=0 max_conns=8; keepalive 4; keepalive_timeout 30s; }"
done >"$run/shadows.conf"

# One copy for each variant that a route may have beside the one that answers.
copies=$(printf '%s\n' $known | cut -d. -f1 | sort | uniq -c | awk '$1 > most { most = $1 } END { print (most > 1 ? most - 1 : 1) }')
: >"$run/mirrors.conf"
: >"$run/copies.conf"
before=
copy=1
while [ $copy -le "$copies" ]; do
    # The name and the share of the entry number $copy in "forest=1,xgboost=0.1".
    echo "map \$lab_shadows \$lab_shadow_$copy { default ''; \"~^$before(?<lab_name_$copy>[^,=]+)=\" \$lab_name_$copy; }" >>"$run/shadows.conf"
    echo "map \$lab_shadows \$lab_shadow_weight_$copy { default ''; \"~^$before[^,=]+=(?<lab_share_$copy>[^,]+)\" \$lab_share_$copy; }" \
        >>"$run/shadows.conf"
    echo "mirror /_copy_$copy;" >>"$run/mirrors.conf"
    cat >>"$run/copies.conf" <<END
location = /_copy_$copy {
    internal;
    if (\$lab_shadow_$copy = "") { return 204; }
    proxy_set_header X-Lab-Shadow \$lab_shadow_$copy;
    proxy_set_header X-Lab-Weight \$lab_shadow_weight_$copy;
    include $run/copy.conf;
}
END
    before="$before[^,]+,"
    copy=$((copy + 1))
done

# The routes that count until the lab writes others, as a module for njs.
{ printf 'export default '; cat "$here/routes.json"; echo ';'; } >"$run/default_routes.js"
