"""The lease among machines, kept in a DynamoDB table."""
