import boto3

client = boto3.client('dynamodb')


def write(items):
    left = {'orders': items}
    while left:
        left = client.batch_write_item(RequestItems=left)['UnprocessedItems']
