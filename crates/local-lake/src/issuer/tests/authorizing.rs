use axum::http::{StatusCode, header};

use super::support::{CALLBACK, ISSUER, Lake, query};

#[tokio::test]
async fn discovery_names_what_there_is() {
    let lake = Lake::one_click().await;
    let said = lake.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(said["issuer"], ISSUER, "the issuer is the origin it answers at");
    assert_eq!(said["token_endpoint"], format!("{ISSUER}/oauth2/token"), "Cognito's path");
    assert_eq!(said["code_challenge_methods_supported"], serde_json::json!(["S256"]), "plain is not offered");
    let keys = lake.get("/.well-known/jwks.json", &[]).await.json();
    assert_eq!(keys["keys"][0]["alg"], "RS256", "one RSA key");
    assert!(keys["keys"][0].get("d").is_none(), "nothing private is shown");
}

#[tokio::test]
async fn a_request_that_names_another_client_or_address_is_never_redirected() {
    let lake = Lake::one_click().await;
    let wrong = [
        ("client_id", Some("somebody-else")),
        ("client_id", None),
        ("redirect_uri", None),
        ("redirect_uri", Some("https://evil.example/callback")),
        ("redirect_uri", Some("http://localhost:47116/callback")),
        ("redirect_uri", Some("http://localhost:47114/callback/")),
        ("redirect_uri", Some("http://localhost:47114/callback?x=1")),
        ("redirect_uri", Some("http://LOCALHOST:47114/callback")),
        ("redirect_uri", Some("http://127.0.0.1:47114/callback")),
        ("redirect_uri", Some("http://localhost:47114/callback#x")),
        ("redirect_uri", Some("http://localhost:47114@evil.example/callback")),
    ];
    for change in wrong {
        for path in ["/oauth2/authorize", "/login"] {
            let answer = lake.get(&format!("{path}?{}", query(&[change])), &[]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?} at {path} shows a page");
            assert_eq!(answer.header(header::LOCATION), "", "{change:?} at {path} must not redirect");
            assert!(answer.body.contains("This sign-in cannot go on"), "{change:?} is explained");
        }
    }
    let twice = format!("/oauth2/authorize?{}&redirect_uri={CALLBACK}", query(&[]));
    assert_eq!(lake.get(&twice, &[]).await.status, StatusCode::BAD_REQUEST, "an address given twice");
}

#[tokio::test]
async fn other_mistakes_are_told_to_the_client_with_its_state() {
    let lake = Lake::one_click().await;
    let long = "x".repeat(600);
    let wrong = [
        (("response_type", Some("token")), "unsupported_response_type"),
        (("response_type", Some("id_token")), "unsupported_response_type"),
        (("response_type", None), "invalid_request"),
        (("response_mode", Some("fragment")), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge", Some("too-short")), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("scope", Some("openid admin")), "invalid_scope"),
        (("prompt", Some("none login")), "invalid_request"),
        (("prompt", Some("dance")), "invalid_request"),
        (("max_age", Some("-1")), "invalid_request"),
        (("nonce", Some(long.as_str())), "invalid_request"),
        (("request", Some("x.y.z")), "request_not_supported"),
        (("request_uri", Some("https://evil.example")), "request_uri_not_supported"),
        (("prompt", Some("none")), "login_required"),
    ];
    for (change, error) in wrong {
        let answer = lake.get(&format!("/oauth2/authorize?{}", query(&[change])), &[]).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{change:?} returns to the client");
        let returned = answer.returned();
        assert_eq!(returned["error"], error, "{change:?} has its own error");
        assert_eq!(returned["state"], "the state", "{change:?}: the state comes back");
        assert!(!returned.contains_key("code"), "{change:?} gives no code");
    }
    let twice = format!("/oauth2/authorize?{}&scope=openid", query(&[]));
    assert_eq!(lake.get(&twice, &[]).await.returned()["error"], "invalid_request", "a scope given twice");
}

#[tokio::test]
async fn a_sound_request_leads_over_the_login_page_to_a_code() {
    let lake = Lake::one_click().await;
    let asked = lake.get(&format!("/oauth2/authorize?{}", query(&[])), &[]).await;
    assert_eq!(asked.status, StatusCode::FOUND, "to the login page");
    assert!(asked.header(header::LOCATION).starts_with("/login?"), "of this issuer");
    let signed_in = lake.sign_in("admin@example.com", &[]).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER, "so that no browser sends the form on");
    let returned = signed_in.returned();
    assert_eq!(returned["state"], "the state", "the state comes back as it was");
    assert!(returned["code"].len() >= 43, "a code that cannot be guessed");
    let cookie = signed_in.header(header::SET_COOKIE);
    for part in ["HttpOnly", "SameSite=Lax", "Max-Age=", "Path=/"] {
        assert!(cookie.contains(part), "the cookie {cookie} has {part}");
    }
}

#[tokio::test]
async fn a_session_answers_at_once_unless_the_client_wants_a_login() {
    let lake = Lake::one_click().await;
    let signed_in = lake.sign_in("admin@example.com", &[]).await;
    let cookie = signed_in.header(header::SET_COOKIE).split(';').next().unwrap_or_default().to_owned();
    let ask = async |change: (&'static str, Option<&'static str>)| {
        let path = format!("/oauth2/authorize?{}", query(&[change]));
        lake.get(&path, &[(header::COOKIE, &format!("other=1; {cookie}"))]).await
    };
    let at_once = [("prompt", None), ("prompt", Some("none")), ("max_age", Some("60"))];
    for change in at_once {
        assert!(ask(change).await.returned().contains_key("code"), "{change:?}: the session is enough");
    }
    for change in [("prompt", Some("login")), ("prompt", Some("select_account")), ("max_age", Some("0"))] {
        let answer = ask(change).await;
        assert!(answer.header(header::LOCATION).starts_with("/login?"), "{change:?} asks again");
    }
    lake.clock.advance(61);
    let answer = ask(("max_age", Some("60"))).await;
    assert!(answer.header(header::LOCATION).starts_with("/login?"), "the sign-in is too old for max_age");
    lake.clock.advance(15 * 60);
    let answer = ask(("prompt", Some("none"))).await;
    assert_eq!(answer.returned()["error"], "login_required", "the session has ended by itself");
}

#[tokio::test]
async fn logout_ends_the_session_and_goes_only_where_it_may() {
    let lake = Lake::one_click().await;
    let signed_in = lake.sign_in("admin@example.com", &[]).await;
    let cookie = signed_in.header(header::SET_COOKIE).split(';').next().unwrap_or_default().to_owned();
    let with_cookie = [(header::COOKIE, cookie.as_str())];
    for wrong in [
        "",
        "client_id=lake-steward",
        "client_id=lake-steward&logout_uri=https://evil.example/",
        "client_id=somebody&logout_uri=http://localhost:47100/signed-out",
        "client_id=lake-steward&redirect_uri=https://evil.example/&response_type=code",
    ] {
        let answer = lake.get(&format!("/logout?{wrong}"), &with_cookie).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?} is not followed");
        assert_eq!(answer.header(header::LOCATION), "", "{wrong:?} must not redirect");
    }
    let quiet = format!("/oauth2/authorize?{}", query(&[("prompt", Some("none"))]));
    assert!(lake.get(&quiet, &with_cookie).await.returned().contains_key("code"), "still signed in");
    let uri = "http://localhost:47100/signed-out";
    let out = lake.get(&format!("/logout?client_id=lake-steward&logout_uri={uri}"), &with_cookie).await;
    assert_eq!((out.status, out.header(header::LOCATION)), (StatusCode::FOUND, uri), "to the address");
    assert!(out.header(header::SET_COOKIE).contains("Max-Age=0"), "the cookie is cleared");
    assert_eq!(
        lake.get(&quiet, &with_cookie).await.returned()["error"],
        "login_required",
        "the old cookie is worth nothing, even if the browser kept it"
    );
    assert!(lake.get("/signed-out", &[]).await.body.contains("You are signed out"), "and says so");
    let again = lake.get(&format!("/logout?{}", query(&[])), &with_cookie).await;
    assert!(again.header(header::LOCATION).starts_with("/login?"), "with a request: to the login page");
}
