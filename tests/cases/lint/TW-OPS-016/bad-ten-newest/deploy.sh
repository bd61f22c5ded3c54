#!/bin/bash
set -euo pipefail
aws cloudformation describe-stack-events --stack-name "$STACK" --max-items 10
