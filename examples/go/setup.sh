#!/usr/bin/env bash
# Generates gen/ from proto/ and builds bin/. Needs Go 1.26 or later, and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")"
export GOBIN=$PWD/bin
go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
(cd ../.. && npm run --silent tool -- buf generate --template examples/go/buf.gen.yaml)
go install ./cmd/...
