#!/bin/bash
set -euo pipefail
if [ "$STATUS" = ROLLBACK_COMPLETE ]; then
  echo 'delete it first'
fi
