#!/bin/sh
# Docker's health check: the server answers and says it is well.
set -eu
status=$(curl -fsS "http://127.0.0.1:${PORT:-8000}/health" | jq -r .status)
[ "$status" = ok ]
