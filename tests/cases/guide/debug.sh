# 테이블 상태 확인
aws dynamodb describe-table --table-name ai-chef-sessions

# 메트릭 확인
aws cloudwatch get-metric-statistics \
  --namespace AWS/DynamoDB \
  --metric-name ConsumedReadCapacityUnits \
  --dimensions Name=TableName,Value=ai-chef-sessions \
  --start-time 2025-01-01T00:00:00Z \
  --end-time 2025-01-01T01:00:00Z \
  --period 300 \
  --statistics Sum

# 백업 확인
aws dynamodb list-backups --table-name ai-chef-sessions
