#!/bin/bash
set -euo pipefail
aws dynamodb list-backups --table-name orders
aws dynamodb describe-continuous-backups --table-name orders
