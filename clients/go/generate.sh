#!/usr/bin/env bash
# Writes learning/ from proto/; with --check, fails if it is stale. Needs Go, and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")/../.."
output=.
if [ "${1:-}" = --check ]; then
  output=$(mktemp -d)
  trap 'rm -rf "$output"' EXIT
fi
npm run --silent tool -- buf generate --template clients/go/buf.gen.yaml --output "$output"
diff -r clients/go/learning "$output/clients/go/learning" ||
  { echo 'clients/go/learning is stale: run clients/go/generate.sh' >&2; exit 1; }
