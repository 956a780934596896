use axum::body::Body;
use axum::http::{HeaderName, Request, StatusCode, header};
use serde_json::{Value, json};

use super::*;
use crate::issuer::tests::support::{Answer, ISSUER, Lake};

const PROVIDER: &str = "localhost:47100";

impl Lake {
    async fn call(&self, operation: &str, body: &Value) -> Answer {
        self.call_raw(&format!("AWSCognitoIdentityService.{operation}"), body.to_string()).await
    }

    async fn call_raw(&self, target: &str, body: String) -> Answer {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    async fn id_token(&self, username: &str) -> String {
        let tokens = self.issuer.issue_tokens(username).await.expect("the database answers");
        tokens.expect("such a user").id_token.expect("an ID token").expose().to_owned()
    }

    async fn identity(&self, token: &str) -> Answer {
        self.call("GetId", &json!({"IdentityPoolId": self.pool.id(), "Logins": {PROVIDER: token}})).await
    }

    async fn credentials(&self, identity: &str, token: &str) -> Answer {
        self.call("GetCredentialsForIdentity", &json!({"IdentityId": identity, "Logins": {PROVIDER: token}}))
            .await
    }
}

fn assert_refused(answer: &Answer, kind: &str, why: &str) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{why}");
    assert_eq!(answer.json()["__type"], kind, "{why}: {}", answer.body);
    assert_eq!(answer.header(HeaderName::from_static("x-amzn-errortype")), kind, "{why}: in the header too");
}

#[tokio::test]
async fn a_token_becomes_credentials_with_the_rights_it_names() {
    let lake = Lake::one_click().await;
    assert_eq!(lake.pool.provider(), PROVIDER, "the issuer without its scheme");
    for (username, read, write) in [
        ("admin@example.com", Some("my_hospital_123"), Some("my_hospital_123")),
        ("reader@example.com", Some("my_hospital_123"), None),
        ("writer@example.com", None, Some("my_hospital_123")),
        ("other@example.com", Some("other_clinic_456"), Some("other_clinic_456")),
    ] {
        let token = lake.id_token(username).await;
        let identity = lake.identity(&token).await.json()["IdentityId"].as_str().expect("an id").to_owned();
        assert!(identity.starts_with("us-east-1:") && identity.len() == 46, "Cognito's shape: {identity}");
        let said = lake.credentials(&identity, &token).await.json();
        let made = &said["Credentials"];
        let principal = lake.mint.principal_of(
            made["AccessKeyId"].as_str().expect("an id"),
            made["SessionToken"].as_str(),
            lake.clock.now(),
        );
        let right = |name: Option<&str>| name.and_then(|name| lake::Source::parse(name).ok());
        let subject = lake.issuer.users().named(username).expect("a user").subject.clone();
        let wanted = Principal::Steward { subject, read: right(read), write: right(write) };
        assert_eq!(principal, Ok(wanted), "{username}'s rights are in the credentials");
        let ends = lake.clock.now().as_second() + 3600;
        assert_eq!(made["Expiration"], json!(ends), "after an hour they end");
    }
}

#[tokio::test]
async fn a_user_has_one_identity_for_good() {
    let lake = Lake::one_click().await;
    let (token, other) = (lake.id_token("admin@example.com").await, lake.id_token("other@example.com").await);
    let first = lake.identity(&token).await.json();
    assert_ne!(lake.identity(&other).await.json(), first, "another user has another");
    let pool = lake.pool.id().to_owned();
    let lake = lake.restart(crate::users::SampleUsers::OneClick).await;
    assert_eq!(lake.pool.id(), pool, "the pool keeps its id");
    assert_eq!(lake.identity(&token).await.json(), first, "the user too");
}

#[tokio::test]
async fn a_token_without_scope_profile_gives_credentials_without_rights() {
    let lake = Lake::one_click().await;
    let token = lake.tokens("admin@example.com", "openid email").await["id_token"].clone();
    let token = token.as_str().expect("a token");
    let identity = lake.identity(token).await.json()["IdentityId"].as_str().expect("an id").to_owned();
    let made = lake.credentials(&identity, token).await.json()["Credentials"].clone();
    let principal = lake.mint.principal_of(
        made["AccessKeyId"].as_str().expect("an id"),
        made["SessionToken"].as_str(),
        lake.clock.now(),
    );
    let rights = principal.map(|principal| match principal {
        Principal::Steward { read, write, .. } => (read, write),
        Principal::Administrator => panic!("nobody becomes the administrator"),
    });
    assert_eq!(rights, Ok((None, None)), "no claims, no tags");
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_refused() {
    let lake = Lake::one_click().await;
    let elsewhere = Lake::one_click().await;
    let token = lake.id_token("admin@example.com").await;
    let identity = lake.identity(&token).await.json()["IdentityId"].as_str().expect("an id").to_owned();
    let foreign = elsewhere.id_token("admin@example.com").await;
    let access = lake.tokens("admin@example.com", "openid profile").await["access_token"].clone();
    let altered = token.replace('.', ".A");
    for (wrong, why) in [
        (foreign.as_str(), "another lake's token"),
        (access.as_str().expect("a token"), "an access token"),
        (altered.as_str(), "an altered token"),
        ("", "no token"),
    ] {
        assert_refused(&lake.identity(wrong).await, "NotAuthorizedException", why);
        assert_refused(&lake.credentials(&identity, wrong).await, "NotAuthorizedException", why);
    }
    lake.clock.advance(3600);
    let expired = lake.credentials(&identity, &token).await;
    assert_refused(&expired, "NotAuthorizedException", "an expired token");
    assert!(expired.body.contains("Token expired"), "and says why: {}", expired.body);
}

#[tokio::test]
async fn calls_that_name_the_wrong_things_are_refused() {
    let lake = Lake::one_click().await;
    let (token, other) = (lake.id_token("admin@example.com").await, lake.id_token("other@example.com").await);
    let identity = lake.identity(&token).await.json()["IdentityId"].as_str().expect("an id").to_owned();
    let pool = lake.pool.id();
    assert_refused(
        &lake.credentials(&identity, &other).await,
        "NotAuthorizedException",
        "another's identity",
    );
    let unknown = "us-east-1:00000000-0000-4000-8000-000000000000";
    assert_refused(&lake.credentials(unknown, &token).await, "ResourceNotFoundException", "no such identity");
    for (operation, body, kind) in [
        ("GetId", json!({"Logins": {PROVIDER: token}}), "InvalidParameterException"),
        (
            "GetId",
            json!({"IdentityPoolId": unknown, "Logins": {PROVIDER: token}}),
            "ResourceNotFoundException",
        ),
        ("GetId", json!({"IdentityPoolId": pool}), "NotAuthorizedException"),
        ("GetId", json!({"IdentityPoolId": pool, "Logins": {ISSUER: token}}), "NotAuthorizedException"),
        (
            "GetId",
            json!({"IdentityPoolId": pool, "Logins": {PROVIDER: token, "accounts.google.com": "x"}}),
            "NotAuthorizedException",
        ),
        ("GetCredentialsForIdentity", json!({"Logins": {PROVIDER: token}}), "InvalidParameterException"),
        ("GetCredentialsForIdentity", json!({"IdentityId": identity}), "NotAuthorizedException"),
        (
            "GetCredentialsForIdentity",
            json!({"IdentityId": identity, "Logins": {PROVIDER: token}, "CustomRoleArn": "arn:aws:iam::1:role/x"}),
            "InvalidParameterException",
        ),
        ("GetId", json!(["no", "object"]), "SerializationException"),
        ("DeleteIdentities", json!({}), "UnknownOperationException"),
    ] {
        assert_refused(&lake.call(operation, &body).await, kind, &format!("{operation} {kind}"));
    }
    let broken = lake.call_raw("AWSCognitoIdentityService.GetId", "{".to_owned()).await;
    assert_refused(&broken, "SerializationException", "broken JSON");
    assert_refused(&lake.call_raw("", "{}".to_owned()).await, "UnknownOperationException", "no target");
}
