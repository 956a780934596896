//! The token matrix: everything that is not a living token of this issuer, for this client and of the right kind.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use front_door::Authenticator;
use front_door::jwt::{FixedKeys, IdTokens};
use lake::Clock;
use serde_json::{Value, json};

use super::support::{ISSUER, Lake, claims};
use crate::issuer::{TokenKind, TokenProblem};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Sound claims of an ID token, from a real one.
async fn sound(lake: &Lake) -> (String, Value) {
    let token = lake.tokens("admin@example.com", "openid email profile").await["id_token"].clone();
    let said = claims(&token);
    (token.as_str().expect("a token").to_owned(), said)
}

fn check(lake: &Lake, token: &str) -> Result<(), TokenProblem> {
    lake.issuer.verify(token, TokenKind::Id, lake.clock.now()).map(drop)
}

#[tokio::test]
async fn a_sound_token_holds_until_its_end() {
    let lake = Lake::one_click().await;
    let (token, said) = sound(&lake).await;
    let verified = lake.issuer.verify(&token, TokenKind::Id, lake.clock.now());
    let verified = verified.expect("a sound token is taken").claims;
    assert_eq!(verified.subject, said["sub"], "its user");
    assert_eq!(verified.write.map(String::from).as_deref(), Some("my_hospital_123"), "its right");
    lake.clock.advance(3599);
    assert_eq!(check(&lake, &token), Ok(()), "in its last second");
    lake.clock.advance(1);
    let at = said["exp"].as_i64().expect("an end");
    assert_eq!(check(&lake, &token), Err(TokenProblem::Expired { at }), "and not after it");
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused_even_under_our_signature() {
    let lake = Lake::one_click().await;
    let (_, said) = sound(&lake).await;
    let wrong = [
        ("iss", json!("http://localhost:47200"), TokenProblem::Issuer),
        ("iss", json!(format!("{ISSUER}/")), TokenProblem::Issuer),
        ("aud", json!("another-client"), TokenProblem::Audience),
        ("aud", Value::Null, TokenProblem::Audience),
        ("aud", json!(["lake-steward", "another"]), TokenProblem::Malformed),
        ("token_use", json!("access"), TokenProblem::Kind),
        ("token_use", json!("ID"), TokenProblem::Kind),
        ("exp", json!(1), TokenProblem::Expired { at: 1 }),
        ("exp", json!("tomorrow"), TokenProblem::Malformed),
        ("sub", json!(7), TokenProblem::Malformed),
    ];
    for (name, value, problem) in wrong {
        let mut altered = said.clone();
        altered[name] = value.clone();
        let token = lake.issuer.0.key.sign(&altered).expect("the key signs");
        assert_eq!(check(&lake, &token), Err(problem), "{name} = {value}");
    }
    for name in ["iss", "exp", "sub", "token_use"] {
        let mut altered = said.clone();
        altered.as_object_mut().expect("an object").remove(name);
        let token = lake.issuer.0.key.sign(&altered).expect("the key signs");
        assert_eq!(check(&lake, &token), Err(TokenProblem::Malformed), "without {name}");
    }
    let access = lake.tokens("admin@example.com", "openid profile").await["access_token"].clone();
    let access = access.as_str().expect("a token");
    assert_eq!(check(&lake, access), Err(TokenProblem::Kind), "an access token is no ID token");
}

#[tokio::test]
async fn blank_or_ill_formed_rights_are_none() {
    let lake = Lake::one_click().await;
    let (_, said) = sound(&lake).await;
    for value in ["", " ", "*", "a b", "my_hospital_123#", "ä"] {
        let mut altered = said.clone();
        altered["custom:write"] = json!(value);
        let token = lake.issuer.0.key.sign(&altered).expect("the key signs");
        let verified = lake.issuer.verify(&token, TokenKind::Id, lake.clock.now());
        assert_eq!(verified.expect("sound").claims.write, None, "{value:?} gives no right");
    }
}

#[tokio::test]
async fn what_we_did_not_sign_is_refused() {
    let lake = Lake::one_click().await;
    let other = Lake::one_click().await;
    let (token, said) = sound(&lake).await;
    let kid = lake.issuer.jwks().keys[0].common.key_id.clone().expect("a key id");
    let (head, rest) = token.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let mut promoted = said.clone();
    promoted["custom:read"] = json!("other_clinic_456");
    let none = part(&json!({"alg": "none", "kid": kid}));
    let refused = |name: &str, token: &str| {
        assert!(check(&lake, token).is_err(), "{name} must be refused");
    };
    refused("claims altered", &format!("{head}.{}.{signature}", part(&promoted)));
    refused("no signature", &format!("{head}.{body}."));
    refused("two parts", &format!("{head}.{body}"));
    refused("algorithm none", &format!("{none}.{body}."));
    refused("algorithm none with a signature", &format!("{none}.{body}.{signature}"));
    refused("another key under our id", &{
        let forged = other.issuer.0.key.sign(&said).expect("the key signs");
        format!("{head}.{}", forged.split_once('.').expect("three parts").1)
    });
    refused("another key", &other.issuer.0.key.sign(&said).expect("the key signs"));
    for wrong in [json!({"alg": "RS256", "kid": "unknown"}), json!({"alg": "RS256"})] {
        let input = format!("{}.{body}", part(&wrong));
        refused("an unknown or absent key id", &format!("{input}.{signature}"));
    }
    refused("nothing", "");
    refused("no token", "a.b.c");
    refused("far too long", &format!("{head}.{}.{signature}", "A".repeat(1_000_000)));
    let keys = serde_json::to_value(lake.issuer.jwks()).expect("JSON");
    let modulus = keys["keys"][0]["n"].as_str().expect("a modulus");
    let bytes = URL_SAFE_NO_PAD.decode(modulus).expect("base64url");
    let whole = keys["keys"][0].to_string().into_bytes();
    for (what, secret) in [("modulus text", modulus.as_bytes()), ("modulus", &bytes), ("JWK", &whole)] {
        let input = format!("{}.{body}", part(&json!({"alg": "HS256", "kid": kid, "typ": "JWT"})));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(check(&lake, &token), Err(TokenProblem::Signature), "HS256 with the public key ({what})");
    }
    let mut raw = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    raw[100] ^= 1;
    let altered = format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(raw));
    assert_eq!(check(&lake, &altered), Err(TokenProblem::Signature), "a bit of the signature changed");
    assert_eq!(check(&lake, &token), Ok(()), "while the token itself is sound");
}

#[tokio::test]
async fn the_key_outlives_a_restart() {
    let lake = Lake::one_click().await;
    let (token, _) = sound(&lake).await;
    let lake = lake.restart(crate::users::SampleUsers::OneClick).await;
    assert_eq!(check(&lake, &token), Ok(()), "a token from before is still ours");
}

#[tokio::test]
async fn the_front_door_takes_our_id_tokens_and_no_others() {
    let lake = Lake::one_click().await;
    let (token, said) = sound(&lake).await;
    let access = lake.tokens("admin@example.com", "openid profile").await["access_token"].clone();
    let (keys, clock) = (FixedKeys(lake.issuer.jwks()), lake.clock.clone());
    let door = IdTokens::new(lake.issuer.issuer_url(), lake.issuer.client_id(), keys, clock);
    let claims = door.authenticate(&token).await.expect("an ID token of this lake");
    assert_eq!(
        (claims.subject.as_str(), claims.write),
        (said["sub"].as_str().unwrap_or(""), right()),
        "its user"
    );
    let access = door.authenticate(access.as_str().expect("a token")).await;
    assert!(access.is_err(), "an access token is not for the front door");
}

fn right() -> Option<lake::Source> {
    lake::Source::parse("my_hospital_123").ok()
}
