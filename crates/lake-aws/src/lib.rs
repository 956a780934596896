//! The client side of S3, DynamoDB and Cognito Identity, at any endpoint
