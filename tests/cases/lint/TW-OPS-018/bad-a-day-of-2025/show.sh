#!/bin/bash
set -euo pipefail
aws cloudwatch get-metric-statistics \
  --namespace AWS/DynamoDB \
  --start-time 2025-01-01T00:00:00Z
