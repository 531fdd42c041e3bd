#!/usr/bin/env bash
# Builds target/probe.jar. Needs a JDK of version 17 or newer, and Maven.
set -euo pipefail
cd "$(dirname "$0")"
mvn --quiet --batch-mode --no-transfer-progress package
