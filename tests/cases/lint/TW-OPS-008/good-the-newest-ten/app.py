import boto3

table = boto3.resource('dynamodb').Table('orders')


def newest(customer):
    return table.query(KeyConditionExpression='c = :c', Limit=10, ScanIndexForward=False)['Items']
