#!/bin/bash
set -euo pipefail
if ! out=$(aws cloudformation describe-stacks --stack-name "$STACK" 2>&1); then
  case "$out" in *'does not exist'*) : ;; *) echo "$out" >&2; exit 1 ;; esac
fi
