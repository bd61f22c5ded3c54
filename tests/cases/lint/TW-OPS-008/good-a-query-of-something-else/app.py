import boto3
from sqlalchemy.orm import Session

client = boto3.client('dynamodb')


def users(session: Session):
    return session.query('User').all()
