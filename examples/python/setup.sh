#!/usr/bin/env bash
# Makes .venv and generates learning/ and buf/ from proto/. Needs Python 3.10 or later, and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt
rm -rf buf learning
cd ../..
npm run --silent tool -- buf generate --template examples/python/buf.gen.yaml
