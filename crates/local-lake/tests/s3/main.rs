//! The S3 endpoint from outside: raw signed requests, and the clients that people have (boto3, the AWS CLI).

#[cfg(test)]
mod clients;
#[cfg(test)]
mod lake;
#[cfg(test)]
mod raw;
