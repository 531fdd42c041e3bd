#!/usr/bin/env bash
# Builds target/debug/probe. Needs Rust.
set -euo pipefail
cd "$(dirname "$0")"
cargo fetch --quiet
if [ -z "${PROTOC:-}" ] && ! command -v protoc >/dev/null; then
  home=${CARGO_HOME:-$HOME/.cargo}
  machine=$(uname -m | sed 's/^arm64$/aarch64/')
  PROTOC=$(echo "$home"/registry/src/*/protoc-bin-vendored-linux-"${machine/aarch64/aarch_64}"-*/bin/protoc)
  chmod +x "$PROTOC"
  export PROTOC PROTOC_INCLUDE="${PROTOC%/bin/protoc}/include"
fi
cargo build --quiet
