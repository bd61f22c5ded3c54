#!/bin/bash
set -euo pipefail
aws dynamodb describe-table --table-name "${TABLE}"
