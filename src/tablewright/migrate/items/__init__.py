"""Items in DynamoDB's JSON (``{"name": {"S": "value"}}``), as bytes: plain values, size, key and canonical form."""
