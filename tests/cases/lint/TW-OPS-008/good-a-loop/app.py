import boto3

table = boto3.resource('dynamodb').Table('orders')


def all_orders():
    arguments = {}
    while True:
        page = table.scan(**arguments)
        yield from page['Items']
        if 'LastEvaluatedKey' not in page:
            return
        arguments['ExclusiveStartKey'] = page['LastEvaluatedKey']
