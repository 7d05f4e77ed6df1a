#!/bin/sh
# Installs the CPU builds of PyTorch and torchvision. Usage: install_torch.sh [pip]
#
# Named in pyproject.toml, pip would take the builds for CUDA: gigabytes that exporting two networks has no use for.

PIP=${1:-pip}
TORCH=2.13.0
TORCHVISION=0.28.0

# PyTorch's own index: the only public place of the CPU builds.
INDEX=https://download.pytorch.org/whl/cpu

# What the two wheels ask for. PyTorch's index has old copies of these; they must come from the usual one.
NEEDS="filelock typing-extensions>=4.10.0 setuptools>=77.0.3 sympy>=1.13.3 networkx>=2.5.1 jinja2 fsspec>=0.8.5 numpy pillow"

there() { "$PIP" show "$1" 2>/dev/null | grep -q "^Version: $2"; }

# One attempt, ten seconds of silence: without a network this must end soon.
install() { "$PIP" install --quiet --no-deps --retries 0 --timeout 10 "$@" 2>/dev/null; }

# pip's own sources first: a folder of wheels or a company's index may have the build, and they say no at once if not.
cpu_build() { install "$1+cpu" || install --index-url "$INDEX" "$1+cpu"; }

fail() {
    echo "$1 cannot be installed: neither pip's own sources nor $INDEX gave it. For the reason run: $PIP install --no-deps --index-url $INDEX $1+cpu" >&2
    exit 1
}

if ! there torch "$TORCH"; then
    echo "Installing PyTorch $TORCH for CPUs, about 200 MB …"
    cpu_build "torch==$TORCH" || fail "torch==$TORCH"
fi

if ! there torchvision "$TORCHVISION"; then
    # The build for CUDA is small and its Python parts work here: see models/torchvision_cpu.py.
    cpu_build "torchvision==$TORCHVISION" || install "torchvision==$TORCHVISION" || fail "torchvision==$TORCHVISION"
fi

# Unquoted: one word per package. Those that are there already cost nothing.
"$PIP" install --quiet $NEEDS || {
    echo "What PyTorch needs cannot be installed. Check the network and run this again: $PIP install $NEEDS" >&2
    exit 1
}
