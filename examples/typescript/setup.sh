#!/usr/bin/env bash
# Builds the example, once `npm ci` is done at the root of the repository.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

npm run --silent build
npm install --prefix examples/typescript --no-package-lock --install-links=false --silent
npm run --silent tool -- buf generate --template examples/typescript/buf.gen.yaml
tsc --project examples/typescript
