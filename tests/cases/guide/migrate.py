import boto3

def migrate_data():
    dynamodb = boto3.resource('dynamodb')
    old_table = dynamodb.Table('old-table')
    new_table = dynamodb.Table('new-table')
    
    # 스캔 및 마이그레이션
    response = old_table.scan()
    for item in response['Items']:
        # 데이터 변환
        transformed_item = transform_item(item)
        new_table.put_item(Item=transformed_item)
