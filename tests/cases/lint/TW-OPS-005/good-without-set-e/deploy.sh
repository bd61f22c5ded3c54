#!/bin/bash
aws cloudformation deploy \
  --template-file template.yaml \
  --stack-name "$STACK" 

if [ $? -ne 0 ]; then
  echo failed
fi
