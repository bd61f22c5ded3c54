#!/bin/bash
set -euo pipefail
[ "$(aws sts get-caller-identity --query Account --output text)" = 111122223333 ]
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" 
