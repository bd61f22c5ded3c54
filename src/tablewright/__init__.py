"""tablewright: the whole life of DynamoDB tables kept as CloudFormation."""
