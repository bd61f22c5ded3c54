import boto3

table = boto3.resource('dynamodb').Table('sessions')


def load(key):
    return table.get_item(Key={'sessionId': key}).get('Item')
