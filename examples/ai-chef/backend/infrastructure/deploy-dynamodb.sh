#!/usr/bin/env bash
# Deploys the AI Chef tables from any directory. Arguments go to tablewright: ./deploy-dynamodb.sh --env staging
set -euo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

# Stack, region and template stand in tablewright.toml. What the status means, what failed first and what to do about it,
# and the exit code, are tablewright's: nothing is hidden here and nothing is deleted because of a status alone.
exec "${TABLEWRIGHT:-tablewright}" deploy --project "${here}" "$@"
