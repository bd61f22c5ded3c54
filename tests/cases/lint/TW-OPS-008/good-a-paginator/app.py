import boto3


def all_orders():
    client = boto3.client('dynamodb')
    for page in client.get_paginator('scan').paginate(TableName='orders'):
        yield from page['Items']
