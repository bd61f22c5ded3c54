"""DynamoDB's data path over sockets of one's own: one thread, one selector, keep-alive HTTP and TLS, SigV4."""
