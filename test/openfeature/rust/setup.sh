#!/usr/bin/env bash
# Builds target/release/probe. Needs Rust.
set -euo pipefail
cd "$(dirname "$0")"
cargo build --quiet --release --locked
