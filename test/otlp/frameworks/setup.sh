#!/usr/bin/env bash
# Installs the frameworks and their instrumentations.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv python/.venv
python/.venv/bin/pip install --quiet --disable-pip-version-check --requirement python/requirements.txt
npm ci --prefix javascript
