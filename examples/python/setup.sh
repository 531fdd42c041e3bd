#!/usr/bin/env bash
# Makes .venv, with clients/python installed in it and what its tests need. Needs Python 3.10 or later.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --requirement ../../clients/python/requirements-dev.txt
# Not built in isolation: with the setuptools that requirements-dev.txt names.
.venv/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable ../../clients/python
