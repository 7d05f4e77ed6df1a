#!/bin/sh
# Installs what the lab needs on Debian 12 or Ubuntu 24.04 and later: NGINX with its JavaScript module from the system's
# packages, everything else into .venv. Usage: embedded/setup.sh [test|bench] [packages]
#   test, bench   also what `make test` or `make bench` needs
#   packages      no further than the system's packages
# Run again, it takes a second when nothing has changed.
set -eu
cd "$(dirname "$0")/.."
role=${1:-run}

say() { printf '%s\n' "$*" >&2; }

# A command as root, or with sudo, or a sentence.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else say "These packages are missing and only root can install them. Run as root: $*"; exit 1
    fi
}

packages=
need() { # need PACKAGE CHECK…: notes the package if the check fails
    package=$1; shift
    "$@" >/dev/null 2>&1 || packages="$packages $package"
}

need nginx-light test -x /usr/sbin/nginx
need libnginx-mod-http-js test -e /usr/lib/nginx/modules/ngx_http_js_module.so
[ "$role" != test ] || need chromium test -x /usr/bin/chromium
[ "$role" != bench ] || need wrk test -x /usr/bin/wrk
python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null; then
    python=/usr/bin/python3
    need python3-venv "$python" -c 'import venv, ensurepip'
fi

if [ -n "$packages" ]; then
    command -v apt-get >/dev/null || { say "Please install:$packages (their names on Debian), then run this again."; exit 1; }
    say "Installing from the system's packages:$packages"
    had_nginx=$(test -x /usr/sbin/nginx && echo yes || true)
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # one word per package
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    # Debian starts every server that it installs. The lab starts its own; the system's would occupy port 80.
    if [ -z "$had_nginx" ]; then
        if [ -d /run/systemd/system ]; then as_root systemctl disable --quiet --now nginx || true
        else as_root service nginx stop >/dev/null 2>&1 || true
        fi
    fi
fi

[ "${2:-}" != packages ] || exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "The lab needs Python 3.11 or later; $python is older. Set PYTHON=…"; exit 1; }

# What was installed last: nothing to do while neither the list nor the role has changed.
extras=serving,models,lab,embedded
[ "$role" != test ] || extras=$extras,test
wanted="$extras $(cat pyproject.toml models/install_torch.sh | cksum)"
if [ "$(cat .venv/installed 2>/dev/null)" != "$wanted" ]; then
    # What the tests need includes what running and measuring need: never take it away again.
    if [ "$role" != test ] && [ "$(cat .venv/installed 2>/dev/null)" = "$extras,test ${wanted#* }" ]; then exit 0; fi
    say "Installing Python packages into .venv …"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --editable ".[$extras]"
    # Without PyTorch the picture models cannot be made; download_models.py says so, and the rest works.
    sh models/install_torch.sh .venv/bin/pip || true
    printf '%s' "$wanted" >.venv/installed
fi
