"""Following an operation of CloudFormation to its end."""
