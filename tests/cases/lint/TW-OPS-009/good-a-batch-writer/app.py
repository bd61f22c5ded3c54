import boto3

table = boto3.resource('dynamodb').Table('orders')


def write(items):
    with table.batch_writer() as batch:
        for item in items:
            batch.put_item(Item=item)
