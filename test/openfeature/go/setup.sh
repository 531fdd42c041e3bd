#!/usr/bin/env bash
# Builds bin/probe. Needs Go.
set -euo pipefail
cd "$(dirname "$0")"
go build -o bin/probe .
