#!/usr/bin/env bash
# Deploys the tables from any directory. Arguments go to tablewright: ./deploy-dynamodb.sh --env staging
set -euo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

if ! command -v -- "${TABLEWRIGHT:-tablewright}" > /dev/null; then
  echo "tablewright is not installed. Install it with: python -m pip install tablewright" >&2
  exit 2
fi

# Stack, region and template stand in tablewright.toml. What the status means, what failed first and what to do about it,
# and the exit code, are tablewright's: nothing is hidden here and nothing is deleted because of a status alone.
exec "${TABLEWRIGHT:-tablewright}" deploy --project "${here}" "$@"
