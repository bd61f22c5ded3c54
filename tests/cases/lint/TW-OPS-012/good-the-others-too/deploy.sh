#!/bin/bash
set -euo pipefail
case "$STATUS" in
  ROLLBACK_COMPLETE) echo 'delete it first' ;;
  *_FAILED|*_IN_PROGRESS) echo 'not now'; exit 1 ;;
esac
