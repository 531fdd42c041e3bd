#!/usr/bin/env bash
# Checks that the client's generated code is that of proto/, and builds bin/. Needs Go 1.26 or later, and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")"
../../clients/go/generate.sh --check
GOBIN=$PWD/bin go install ./cmd/...
