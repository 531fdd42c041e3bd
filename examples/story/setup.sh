#!/usr/bin/env bash
# Makes .venv for the orchestrator of docs/story.md. Needs Python 3.11 or later.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt ../../clients/python
