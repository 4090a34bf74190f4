#!/bin/sh
# Measures everything and writes docs/benchmarks/sampling.md and sampling.svg. About eight minutes after building, on a machine
# that has nothing else to do.
#
#     ./page.sh [seconds a cell with peers [seconds a cell on lesser instructions [other flags of the bench]]]
set -eu
cd "$(dirname "$0")"
seconds=${1:-0.7}
lesser=${2:-0.18}
shift $(($# < 2 ? $# : 2))
target=${CARGO_TARGET_DIR:-target}

# For the machine, with the peers; and for any x86-64, so that lesser instructions stay what they are.
native() { (unset RUSTFLAGS; cargo "$@"); }
plain() { RUSTFLAGS=-Ctarget-cpu=x86-64 CARGO_TARGET_DIR=$target/x86-64 cargo "$@"; }

native build --release
plain build --release --no-default-features
native run --release -- --isa best --seconds "$seconds" --json "$target/best.json" "$@"
plain run --release --no-default-features -- --isa lesser --seconds "$lesser" --json "$target/lesser.json" "$@"
plain run --release --no-default-features --bin page -- ../../../docs/benchmarks "$target/best.json" "$target/lesser.json"
