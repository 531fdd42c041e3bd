#!/usr/bin/env bash
# Makes .venv with the providers. Needs Python 3.10 or later.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt
