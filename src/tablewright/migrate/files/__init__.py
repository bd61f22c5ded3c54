"""Items in files: DynamoDB-JSON lines as an S3 export has them, Parquet and CSV, read and written page by page."""
