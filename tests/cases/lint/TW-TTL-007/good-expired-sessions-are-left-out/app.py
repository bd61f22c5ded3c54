import boto3

table = boto3.resource('dynamodb').Table('sessions')


def load(key, now):
    item = table.get_item(Key={'sessionId': key}).get('Item')
    return item if item and item['expiresAt'] > now else None
