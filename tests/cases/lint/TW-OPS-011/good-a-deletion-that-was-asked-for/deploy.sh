#!/bin/bash
set -euo pipefail
aws cloudformation delete-stack --stack-name "$1"
