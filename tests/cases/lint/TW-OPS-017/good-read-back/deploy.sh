#!/bin/bash
set -euo pipefail
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" 

aws dynamodb describe-table --table-name orders
echo "the table stands"
