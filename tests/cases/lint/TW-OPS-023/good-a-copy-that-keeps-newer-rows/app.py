import boto3

dynamodb = boto3.resource('dynamodb')
old = dynamodb.Table('old')
new = dynamodb.Table('new')


def copy():
    response = old.scan()
    for item in response['Items']:
        new.put_item(Item=item, ConditionExpression='attribute_not_exists(id)')
