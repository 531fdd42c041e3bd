#!/usr/bin/env bash
# Installs the client, and builds the example with it. Needs a JDK of version 17 or newer, and Maven.
set -euo pipefail
cd "$(dirname "$0")/../.."

maven() {
  mvn --quiet --batch-mode --no-transfer-progress "$@"
}

maven --file clients/java/pom.xml -DskipTests install
maven --file examples/java/pom.xml package
