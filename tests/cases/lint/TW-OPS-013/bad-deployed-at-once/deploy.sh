#!/bin/bash
set -euo pipefail
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" 
