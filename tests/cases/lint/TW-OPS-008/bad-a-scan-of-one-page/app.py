import boto3

table = boto3.resource('dynamodb').Table('orders')


def all_orders():
    response = table.scan()
    return response['Items']
