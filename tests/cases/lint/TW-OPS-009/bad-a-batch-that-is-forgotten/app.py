import boto3

client = boto3.client('dynamodb')


def write(items):
    client.batch_write_item(RequestItems={'orders': items})
