#!/usr/bin/env bash
# Installs the providers, once `npm ci` is done at the root of the repository.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PWD/../../../node_modules/.bin:$PATH"
npm ci --silent
