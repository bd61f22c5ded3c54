#!/bin/bash
set -e
if ! aws cloudformation deploy --template-file template.yaml --stack-name "$STACK"; then
  echo failed
fi
