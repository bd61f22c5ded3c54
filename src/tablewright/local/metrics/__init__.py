"""CloudWatch metrics of the embedded AWS: what DynamoDB publishes, how it is asked for, and how alarms judge it."""
