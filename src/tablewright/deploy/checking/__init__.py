"""Reading back what was deployed, and waiting for what CloudFormation does not wait for."""
