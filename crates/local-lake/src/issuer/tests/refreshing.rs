use axum::http::StatusCode;
use serde_json::Value;

use super::support::{Lake, claims};
use crate::users::SampleUsers;

async fn signed_in(lake: &Lake) -> String {
    text(&lake.tokens("admin@example.com", "openid email profile").await["refresh_token"])
}

fn text(token: &Value) -> String {
    token.as_str().expect("a token").to_owned()
}

async fn next(lake: &Lake, token: &str) -> String {
    let answer = lake.refresh(token).await;
    assert_eq!(answer.status, StatusCode::OK, "the token is taken: {}", answer.body);
    text(&answer.json()["refresh_token"])
}

#[tokio::test]
async fn each_refresh_gives_new_tokens_of_the_same_sign_in() {
    let lake = Lake::one_click().await;
    let tokens = lake.tokens("admin@example.com", "openid profile").await;
    lake.clock.advance(1800);
    let again = lake.refresh(&text(&tokens["refresh_token"])).await.json();
    assert_ne!(again["refresh_token"], tokens["refresh_token"], "the refresh token is replaced");
    let (first, second) = (claims(&tokens["id_token"]), claims(&again["id_token"]));
    for name in ["iss", "sub", "aud", "auth_time", "origin_jti", "custom:read"] {
        assert_eq!(first[name], second[name], "{name} stays (OpenID Connect Core 1.0, 12.2)");
    }
    assert_eq!(second["iat"].as_i64(), first["iat"].as_i64().map(|at| at + 1800), "made now");
    assert!(second.get("nonce").is_none(), "the nonce was for the sign-in");
    assert_ne!(first["jti"], second["jti"], "each token has its own id");
}

#[tokio::test]
async fn the_token_before_is_taken_for_a_minute_and_gives_the_same_successor() {
    let lake = Lake::one_click().await;
    let first = signed_in(&lake).await;
    let second = next(&lake, &first).await;
    lake.clock.advance(60);
    assert_eq!(next(&lake, &first).await, second, "two processes end up with one token");
    let third = next(&lake, &second).await;
    assert_ne!(third, second, "which goes on");
    assert_eq!(next(&lake, &second).await, third, "and has a grace of its own");
}

#[tokio::test]
async fn reuse_after_the_grace_ends_the_sign_in() {
    let lake = Lake::one_click().await;
    let tokens = lake.tokens("admin@example.com", "openid profile").await;
    let first = text(&tokens["refresh_token"]);
    let second = next(&lake, &first).await;
    lake.clock.advance(61);
    assert_eq!(lake.refresh(&first).await.json()["error"], "invalid_grant", "too late");
    assert_eq!(lake.refresh(&second).await.json()["error"], "invalid_grant", "thief and owner are both out");
    let access = lake.user_info(&text(&tokens["access_token"])).await;
    assert_eq!(access.status, StatusCode::UNAUTHORIZED, "its access tokens end too");
}

#[tokio::test]
async fn a_token_two_turns_old_ends_the_sign_in_even_within_the_minute() {
    let lake = Lake::one_click().await;
    let first = signed_in(&lake).await;
    let second = next(&lake, &first).await;
    let third = next(&lake, &second).await;
    assert_eq!(lake.refresh(&first).await.json()["error"], "invalid_grant", "nobody honest has it any more");
    assert_eq!(lake.refresh(&third).await.json()["error"], "invalid_grant", "so the sign-in is ended");
}

#[tokio::test]
async fn sign_ins_outlive_a_restart_and_end_after_thirty_days() {
    let lake = Lake::one_click().await;
    let first = signed_in(&lake).await;
    let second = next(&lake, &first).await;
    let lake = lake.restart(SampleUsers::OneClick).await;
    assert_eq!(next(&lake, &first).await, second, "the grace outlives a restart");
    lake.clock.advance(29 * 24 * 3600);
    let third = next(&lake, &second).await;
    lake.clock.advance(24 * 3600);
    assert_eq!(lake.refresh(&third).await.json()["error"], "invalid_grant", "rotation does not prolong it");
}

#[tokio::test]
async fn a_user_that_is_gone_gets_nothing_more() {
    let lake = Lake::one_click().await;
    let tokens = lake.tokens("admin@example.com", "openid profile").await;
    let lake = lake.restart(SampleUsers::None).await;
    let answer = lake.refresh(&text(&tokens["refresh_token"])).await;
    assert_eq!(answer.json()["error"], "invalid_grant", "there are no users any more");
    let access = lake.user_info(&text(&tokens["access_token"])).await;
    assert_eq!(access.status, StatusCode::UNAUTHORIZED, "for the access token neither");
}

#[tokio::test]
async fn scopes_can_be_narrowed_but_not_widened() {
    let lake = Lake::one_click().await;
    let token = text(&lake.tokens("admin@example.com", "openid email").await["refresh_token"]);
    let ask = async |scope: &'static str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "lake-steward"),
            ("refresh_token", &token),
            ("scope", scope),
        ];
        lake.post("/oauth2/token", &form, &[]).await.json()
    };
    assert_eq!(ask("openid profile").await["error"], "invalid_scope", "rights cannot be added afterwards");
    assert_eq!(ask("nonsense").await["error"], "invalid_scope", "nor what there is not");
    let narrow = ask("openid").await;
    assert!(claims(&narrow["id_token"]).get("email").is_none(), "less is given");
}

#[tokio::test]
async fn revoking_ends_the_sign_in_and_never_tells_whether_there_was_one() {
    let lake = Lake::one_click().await;
    let tokens = lake.tokens("admin@example.com", "openid profile").await;
    let refresh = text(&tokens["refresh_token"]);
    let revoke = async |token: &str| {
        let form = [("token", token), ("client_id", "lake-steward"), ("token_type_hint", "refresh_token")];
        lake.post("/oauth2/revoke", &form, &[]).await
    };
    assert_eq!(
        revoke("unknown").await.status,
        StatusCode::OK,
        "an unknown token is no error (RFC 7009, 2.2)"
    );
    let access = text(&tokens["access_token"]);
    assert_eq!(revoke(&access).await.json()["error"], "unsupported_token_type", "as at Cognito");
    assert_eq!(next(&lake, &refresh).await.len(), refresh.len(), "nothing was revoked so far");
    assert_eq!(revoke(&refresh).await.status, StatusCode::OK, "revoked");
    assert_eq!(lake.refresh(&refresh).await.json()["error"], "invalid_grant", "it is worth nothing now");
    assert_eq!(lake.user_info(&access).await.status, StatusCode::UNAUTHORIZED, "nor is the access token");
    let nothing = lake.post("/oauth2/revoke", &[("client_id", "lake-steward")], &[]).await;
    assert_eq!(nothing.json()["error"], "invalid_request", "without a token there is nothing to do");
}

#[tokio::test]
async fn only_hashes_are_kept_and_not_without_bound() {
    let lake = Lake::one_click().await;
    let mut tokens = Vec::new();
    for _ in 0..40 {
        lake.clock.advance(1);
        let made = lake.issuer.issue_tokens("admin@example.com").await.expect("the database answers");
        tokens.push(made.expect("there is such a user").refresh_token.expose().to_owned());
    }
    let rows = lake
        .database
        .read(|connection| {
            let mut query = connection.prepare("SELECT family, current FROM refresh_families")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<Vec<(Vec<u8>, Vec<u8>)>, _>>()
        })
        .await
        .expect("the database answers");
    assert_eq!(rows.len(), 32, "the oldest sign-ins of a user give way");
    assert_eq!(lake.refresh(&tokens[0]).await.status, StatusCode::BAD_REQUEST, "the first is gone");
    assert_eq!(lake.refresh(&tokens[39]).await.status, StatusCode::OK, "the last is there");
    use base64::Engine;
    for token in &tokens {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).expect("base64url");
        for (family, current) in &rows {
            assert_ne!(&bytes[..16], family, "what finds a family is not kept as it is");
            assert_ne!(&bytes[16..], current, "nor is what proves the turn");
        }
    }
}
