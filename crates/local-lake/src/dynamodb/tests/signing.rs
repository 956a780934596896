//! Requests that are not, or not rightly, signed.

use super::*;

#[tokio::test]
async fn what_is_not_rightly_signed_is_refused() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    steward.ok("GetItem", get(OWN, 1)).await;
    let base = || rig.steward(Some(OWN));
    let minutes = SignedDuration::from_mins;
    let old = rig.session(Some(OWN), Timestamp::now() - SignedDuration::from_hours(2));
    let principal = Principal::Steward {
        subject: "sub-2".to_owned(),
        read: Some(Source::parse(FOREIGN).unwrap()),
        write: None,
    };
    let others = rig.credentials.mint(&principal, Timestamp::now(), [8; 32]).unwrap();
    let cases = [
        (Call { secret: "wrong".to_owned(), ..base() }, "InvalidSignatureException"),
        (
            Call { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), token: None, ..base() },
            "UnrecognizedClientException",
        ),
        (Call { at: Timestamp::now() - minutes(16), ..base() }, "InvalidSignatureException"),
        (Call { at: Timestamp::now() + minutes(16), ..base() }, "InvalidSignatureException"),
        (Call { region: "eu-west-1", ..base() }, "InvalidSignatureException"),
        (Call { service: "s3", ..base() }, "InvalidSignatureException"),
        (Call { unsigned_target: Some("DynamoDB_20120810.GetItem"), ..base() }, "InvalidSignatureException"),
        (Call { token: None, ..base() }, "UnrecognizedClientException"),
        (
            Call { token: Some(others.session_token.expose().to_owned()), ..base() },
            "UnrecognizedClientException",
        ),
        (Call { token: Some("bm90IG91cnM=".to_owned()), ..base() }, "UnrecognizedClientException"),
        (
            Call {
                id: old.access_key_id.clone(),
                secret: old.secret_access_key.expose().to_owned(),
                token: Some(old.session_token.expose().to_owned()),
                ..base()
            },
            "ExpiredTokenException",
        ),
    ];
    for (call, code) in cases {
        let message = call.refused("GetItem", get(OWN, 1), code).await;
        assert!(!message.is_empty(), "{code} says why");
    }
    for at in [minutes(-14), minutes(14)] {
        Call { at: Timestamp::now() + at, ..base() }.ok("GetItem", get(OWN, 1)).await;
    }
}

#[tokio::test]
async fn a_changed_body_and_a_missing_signature_are_refused() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let signed = get(OWN, 1).to_string();
    let sent = get(FOREIGN, 1).to_string().into_bytes();
    let (status, body) = steward.send_bytes("GetItem", signed.as_bytes(), sent).await;
    assert_eq!(status, 400, "a changed body is refused");
    assert!(
        body["__type"].as_str().unwrap().ends_with("#InvalidSignatureException"),
        "for its signature: {body}"
    );

    for authorization in [None, Some("Bearer abc"), Some("AWS4-HMAC-SHA256 Credential=x")] {
        let mut request = reqwest::Client::new()
            .post(&rig.url)
            .header("x-amz-target", "DynamoDB_20120810.GetItem")
            .body(signed.clone());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let (status, body) = answered(request.send().await.unwrap()).await;
        let kind = body["__type"].as_str().unwrap();
        let expected = match authorization {
            Some(text) if text.starts_with("AWS4") => "#IncompleteSignatureException",
            _ => "#MissingAuthenticationTokenException",
        };
        assert!(status == 400 && kind.ends_with(expected), "{authorization:?} got {body}");
    }
}
