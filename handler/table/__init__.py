"""All that knows DynamoDB and the payload bucket. No rule about tasks but the conditions of a
write.
"""
