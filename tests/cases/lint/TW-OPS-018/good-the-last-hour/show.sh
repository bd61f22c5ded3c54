#!/bin/bash
set -euo pipefail
aws cloudwatch get-metric-statistics --namespace AWS/DynamoDB --start-time "$(date -u -d '-1 hour' +%FT%TZ)"
