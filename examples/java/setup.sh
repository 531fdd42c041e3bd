#!/usr/bin/env bash
# Builds the example, once `npm ci` is done at the root of the repository. Needs a JDK of version 17
# or newer, and Maven.
set -euo pipefail
cd "$(dirname "$0")/../.."

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) machine=linux-x86_64 ;;
  Linux-aarch64) machine=linux-aarch_64 ;;
  Darwin-x86_64) machine=osx-x86_64 ;;
  Darwin-arm64) machine=osx-aarch_64 ;;
  *) echo "no protoc for $(uname -s) $(uname -m)" >&2 && exit 1 ;;
esac

maven() {
  mvn --quiet --batch-mode --no-transfer-progress --file examples/java/pom.xml \
    -Dprotoc.machine="$machine" "$@"
}

maven dependency:copy@protoc
chmod +x examples/java/target/protoc/protoc*
npm run --silent tool -- buf generate --template examples/java/buf.gen.yaml
maven package
