use axum::http::{Request, StatusCode, header};

use super::support::{CALLBACK, ISSUER, Lake, claims, hidden_fields};

#[tokio::test]
async fn the_tokens_say_what_cognito_s_say() {
    let lake = Lake::one_click().await;
    let signed_in = lake.sign_in("admin@example.com", &[]).await;
    let answer = lake.redeem(&signed_in.returned()["code"], &[]).await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "nobody keeps tokens");
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &3600.into()), "RFC 6749");
    let id = claims(&tokens["id_token"]);
    for (name, value) in [
        ("iss", ISSUER),
        ("aud", "lake-steward"),
        ("token_use", "id"),
        ("email", "admin@example.com"),
        ("cognito:username", "admin@example.com"),
        ("nonce", "the nonce"),
        ("custom:read", "my_hospital_123"),
        ("custom:write", "my_hospital_123"),
    ] {
        assert_eq!(id[name], value, "{name} of the ID token");
    }
    assert_eq!(id["exp"].as_i64(), id["iat"].as_i64().map(|at| at + 3600), "one hour");
    let access = claims(&tokens["access_token"]);
    for (name, value) in [("iss", ISSUER), ("client_id", "lake-steward"), ("token_use", "access")] {
        assert_eq!(access[name], value, "{name} of the access token");
    }
    assert_eq!(access["scope"], "openid email profile", "what was granted");
    assert_eq!(access["sub"], id["sub"], "the same user");
    for name in ["custom:read", "custom:write", "email", "aud"] {
        assert!(access.get(name).is_none(), "{name} is not for access tokens");
    }
}

#[tokio::test]
async fn rights_come_only_with_the_scope_profile_and_only_those_the_user_has() {
    let lake = Lake::one_click().await;
    let id = claims(&lake.tokens("admin@example.com", "openid email").await["id_token"]);
    assert_eq!(id["email"], "admin@example.com", "scope email");
    assert!(
        id.get("custom:read").is_none() && id.get("custom:write").is_none(),
        "no scope profile, no rights"
    );
    let id = claims(&lake.tokens("admin@example.com", "openid").await["id_token"]);
    assert!(id.get("email").is_none(), "no scope email, no address");
    let id = claims(&lake.tokens("writer@example.com", "openid profile").await["id_token"]);
    assert_eq!(id["custom:write"], "my_hospital_123", "the writer may write");
    assert!(id.get("custom:read").is_none(), "and not read");
    let without_openid = lake.tokens("admin@example.com", "profile").await;
    assert!(without_openid.get("id_token").is_none(), "no scope openid, no ID token");
}

#[tokio::test]
async fn a_code_is_good_once_with_its_verifier_and_address_for_five_minutes() {
    let lake = Lake::one_click().await;
    let other_verifier = "another-verifier-of-43-characters-or-more-0123";
    let wrong = [
        (("code_verifier", Some(other_verifier)), "invalid_grant"),
        (("code_verifier", Some("short")), "invalid_request"),
        (("code_verifier", None), "invalid_request"),
        (("redirect_uri", Some("http://localhost:47113/callback")), "invalid_grant"),
        (("redirect_uri", None), "invalid_request"),
        (("client_id", Some("somebody")), "invalid_client"),
        (("client_id", None), "invalid_request"),
        (("code", Some("unknown")), "invalid_grant"),
        (("grant_type", Some("password")), "unsupported_grant_type"),
        (("grant_type", None), "invalid_request"),
    ];
    for (change, error) in wrong {
        let signed_in = lake.sign_in("admin@example.com", &[]).await;
        let answer = lake.redeem(&signed_in.returned()["code"], &[change]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?} is refused");
        assert_eq!(answer.json()["error"], error, "{change:?} has its own error");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{change:?}: errors are not kept");
    }
    let code = lake.sign_in("admin@example.com", &[]).await.returned()["code"].clone();
    assert_eq!(lake.redeem(&code, &[("code_verifier", Some(other_verifier))]).await.status, 400, "wrong");
    let right = lake.redeem(&code, &[]).await;
    assert_eq!(right.json()["error"], "invalid_grant", "a try with a wrong verifier uses the code up");
    let code = lake.sign_in("admin@example.com", &[]).await.returned()["code"].clone();
    lake.clock.advance(300);
    assert_eq!(lake.redeem(&code, &[]).await.json()["error"], "invalid_grant", "it ends after five minutes");
}

#[tokio::test]
async fn a_replayed_code_ends_what_it_gave() {
    let lake = Lake::one_click().await;
    let code = lake.sign_in("admin@example.com", &[]).await.returned()["code"].clone();
    let tokens = lake.redeem(&code, &[]).await.json();
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(lake.user_info(access).await.status, StatusCode::OK, "the first use is good");
    assert_eq!(lake.redeem(&code, &[]).await.json()["error"], "invalid_grant", "the second is not");
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    assert_eq!(lake.refresh(refresh).await.json()["error"], "invalid_grant", "the refresh token is revoked");
    assert_eq!(lake.user_info(access).await.status, StatusCode::UNAUTHORIZED, "and the access token with it");
}

#[tokio::test]
async fn the_token_endpoint_takes_forms_of_the_public_client_only() {
    let lake = Lake::one_click().await;
    let form = [("grant_type", "refresh_token"), ("client_id", "lake-steward"), ("refresh_token", "x")];
    let basic = lake.post("/oauth2/token", &form, &[(header::AUTHORIZATION, "Basic eDp5")]).await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED, "a secret was tried");
    assert!(basic.header(header::WWW_AUTHENTICATE).starts_with("Basic"), "RFC 6749, 5.2");
    let json = Request::post("/oauth2/token")
        .header(header::CONTENT_TYPE, "application/json")
        .body("{}".into())
        .expect("a request");
    assert_eq!(lake.send(json).await.json()["error"], "invalid_request", "JSON is no form");
    let twice = [form.as_slice(), &[("client_id", "lake-steward")]].concat();
    let answer = lake.post("/oauth2/token", &twice, &[]).await;
    assert_eq!(answer.json()["error"], "invalid_request", "a parameter given twice");
    let large = "x".repeat(70_000);
    let answer = lake.post("/oauth2/token", &[("code", &large)], &[]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "an endless form is not read");
}

#[tokio::test]
async fn user_info_is_by_scope_and_for_access_tokens_only() {
    let lake = Lake::one_click().await;
    let tokens = lake.tokens("reader@example.com", "openid email profile").await;
    let answer = lake.user_info(tokens["access_token"].as_str().expect("a token")).await.json();
    assert_eq!(answer["sub"], claims(&tokens["id_token"])["sub"], "the user");
    assert_eq!(answer["custom:read"], "my_hospital_123", "with scope profile");
    let answer = lake.user_info(tokens["id_token"].as_str().expect("a token")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "an ID token is no access token");
    assert!(answer.header(header::WWW_AUTHENTICATE).contains("invalid_token"), "RFC 6750");
    assert_eq!(lake.get("/oauth2/userInfo", &[]).await.status, StatusCode::UNAUTHORIZED, "no token");
    let poor = lake.tokens("reader@example.com", "email").await;
    let answer = lake.user_info(poor["access_token"].as_str().expect("a token")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "scope openid is needed");
    let thin = lake.tokens("reader@example.com", "openid").await;
    let answer = lake.user_info(thin["access_token"].as_str().expect("a token")).await.json();
    assert!(
        answer.get("email").is_none() && answer.get("custom:read").is_none(),
        "openid gives the sub alone"
    );
    lake.clock.advance(3600);
    let ended = lake.user_info(tokens["access_token"].as_str().expect("a token")).await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED, "after an hour it has ended");
}

#[tokio::test]
async fn tokens_can_be_had_in_process_for_users_there_are() {
    let lake = Lake::one_click().await;
    let tokens = lake.issuer.issue_tokens("other@example.com").await.expect("the database answers");
    let tokens = tokens.expect("there is such a user");
    let id = claims(&tokens.id_token.expect("an ID token").expose().into());
    assert_eq!(id["custom:write"], "other_clinic_456", "with the user's rights");
    assert_eq!(lake.refresh(tokens.refresh_token.expose()).await.status, StatusCode::OK, "and refreshable");
    let nobody = lake.issuer.issue_tokens("nobody@example.com").await.expect("the database answers");
    assert!(nobody.is_none(), "there is no such user");
}

#[tokio::test]
async fn the_address_of_the_request_is_the_only_one_that_gets_the_code() {
    let lake = Lake::one_click().await;
    let page = lake.login_page(&[]).await;
    let mut form = hidden_fields(&page.body);
    for (name, value) in &mut form {
        if name == "redirect_uri" {
            assert_eq!(value, CALLBACK, "as asked");
            *value = "http://localhost:47115/callback".to_owned();
        }
    }
    form.push(("username".to_owned(), "admin@example.com".to_owned()));
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = lake.post("/login", &form, &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "a form altered after it was made is not taken");
    assert_eq!(answer.header(header::LOCATION), "", "and goes nowhere");
}
