#!/bin/bash
set -euo pipefail
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" \
  --no-execute-changeset
aws cloudformation describe-change-set --change-set-name "$SET"
