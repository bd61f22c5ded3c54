#!/bin/bash
set -euo pipefail
if [ "$STATUS" = ROLLBACK_COMPLETE ]; then
  aws cloudformation delete-stack --stack-name "$STACK"
fi
