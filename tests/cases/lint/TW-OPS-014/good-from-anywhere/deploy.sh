#!/bin/bash
set -euo pipefail
cd "$(dirname "$0")"
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" 
