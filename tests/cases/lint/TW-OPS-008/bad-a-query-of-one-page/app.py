import boto3

table = boto3.resource('dynamodb').Table('orders')


def of(customer):
    return table.query(KeyConditionExpression='c = :c', ExpressionAttributeValues={':c': customer}).get('Items', [])
