#!/bin/bash
set -euo pipefail
aws dynamodb list-backups --table-name orders
