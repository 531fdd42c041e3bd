#!/usr/bin/env bash
# Makes .venv for the orchestrators of this folder. Needs Python 3.11 or later.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt ../../clients/python
