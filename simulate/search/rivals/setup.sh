#!/usr/bin/env bash
# Installs the Bayesian optimiser of the search table; without it, npm run simulate leaves its row out.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
