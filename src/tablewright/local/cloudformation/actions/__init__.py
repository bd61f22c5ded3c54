"""The actions of the CloudFormation API, one module a topic; `table.ACTIONS` names them all."""
