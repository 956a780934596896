use axum::http::{StatusCode, header};

use super::support::{ISSUER, Lake, hidden_fields, query};

#[tokio::test]
async fn the_page_keeps_to_itself() {
    let lake = Lake::one_click().await;
    let page = lake.login_page(&[]).await;
    assert_eq!(page.status, StatusCode::OK, "the page is shown");
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http://localhost:47114;",
        "style-src 'sha256-",
    ] {
        assert!(policy.contains(part), "{policy} has {part}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "no script may run: {policy}");
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.header(name.clone()), value, "{name}");
    }
    for word in ["<script", "javascript:", " style=", "onclick", "http-equiv"] {
        assert!(!page.body.contains(word), "the page has no {word}");
    }
}

#[tokio::test]
async fn the_page_says_which_lake_and_who_may_do_what() {
    let lake = Lake::one_click().await;
    let page = lake.login_page(&[]).await.body;
    for text in [
        "Lake for practice",
        "for the institution shown",
        ISSUER,
        "admin@example.com",
        "reads and sends for ",
        "only reads, for ",
        "only sends, for ",
        "my_hospital_123",
        "other_clinic_456",
    ] {
        assert!(page.contains(text), "the page says {text:?}");
    }
}

#[tokio::test]
async fn the_page_is_sound_html_that_a_screen_reader_can_use() {
    let lake = Lake::with_password().await;
    let fresh = lake.login_page(&[]).await.body;
    let wrong = lake.submit("admin@example.com", "wrong", &[]).await.body;
    for (page, what) in [(&fresh, "the page"), (&wrong, "the page with an error")] {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{what}: doctype and language");
        assert!(page.contains("<title>") && page.contains("name=\"viewport\""), "{what}: title, viewport");
        assert_eq!(page.matches("<h1>").count(), 1, "{what}: one main heading");
        assert_eq!(page.matches("<main>").count(), 1, "{what}: one main part");
        for field in ["username", "password"] {
            assert_eq!(page.matches(&format!("<label for=\"{field}\">")).count(), 1, "{what}: {field} label");
            assert_eq!(page.matches(&format!(" id=\"{field}\"")).count(), 1, "{what}: {field} has one id");
        }
        assert!(page.contains("autocomplete=\"current-password\""), "{what}: password keepers can help");
        assert_eq!(page.matches(" autofocus").count(), 1, "{what}: the focus is in one place");
        assert_balanced(page);
    }
    assert!(wrong.contains("role=\"alert\""), "the error is read out");
    assert!(wrong.contains("aria-describedby=\"problem\"") && wrong.contains("id=\"problem\""), "and tied");
    assert!(wrong.contains("<title>Error: "), "the title says it first");
    assert!(wrong.contains("value=\"admin@example.com\""), "the name need not be typed again");
    assert!(!wrong.contains("value=\"wrong\""), "the password is not sent back");
    assert_balanced(&Lake::one_click().await.login_page(&[]).await.body);
}

/// Every element that is opened is closed, in order.
fn assert_balanced(page: &str) {
    let void = ["meta", "input", "!DOCTYPE"];
    let mut open = Vec::new();
    for rest in page.split('<').skip(1) {
        let name = rest.split([' ', '>']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "</{name}> closes what is open"),
            None if void.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "nothing stays open");
}

#[tokio::test]
async fn nothing_given_becomes_markup() {
    let lake = Lake::with_password().await;
    let evil = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;";
    let changes =
        [("state", Some(evil)), ("nonce", Some(evil)), ("login_hint", Some(evil)), ("prompt", Some("login"))];
    let page = lake.login_page(&changes).await.body;
    let again = lake.submit(evil, "wrong", &changes).await.body;
    for page in [&page, &again] {
        for markup in ["<script", "<img", "&lt;\"><"] {
            assert!(!page.contains(markup), "{markup} must be escaped");
        }
        assert!(page.contains("&lt;script&gt;"), "it is shown as text");
        assert_balanced(page);
        let state = hidden_fields(page).into_iter().find(|(name, _)| name == "state");
        assert_eq!(state.map(|(_, value)| value).as_deref(), Some(evil), "and comes back as it was");
    }
    let refused = lake.get(&format!("/login?{}", query(&[("redirect_uri", Some(evil))])), &[]).await.body;
    assert!(!refused.contains("alert("), "an address that is not registered is not repeated");
    let split = lake.submit("admin@example.com", super::support::PASSWORD, &[("state", Some("a\r\nX: y"))]);
    let returned = split.await.returned();
    assert_eq!(returned["state"], "a\r\nX: y", "line ends stay inside the address");
}

#[tokio::test]
async fn a_form_from_elsewhere_signs_nobody_in() {
    let lake = Lake::one_click().await;
    let page = lake.login_page(&[]).await.body;
    let mut form = hidden_fields(&page);
    form.push(("username".to_owned(), "admin@example.com".to_owned()));
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let site = header::HeaderName::from_static("sec-fetch-site");
    for (name, value) in [
        (header::ORIGIN, "https://evil.example"),
        (header::ORIGIN, "null"),
        (header::ORIGIN, "http://localhost:47200"),
        (site.clone(), "cross-site"),
        (site.clone(), "same-site"),
    ] {
        let answer = lake.post("/login", &form, &[(name.clone(), value)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value} is another page");
    }
    let own = [(header::ORIGIN, ISSUER), (site, "same-origin")];
    assert_eq!(lake.post("/login", &form, &own).await.status, StatusCode::SEE_OTHER, "its own page is good");
    for forged in [None, Some(""), Some("AAAA"), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
        let mut form: Vec<_> = form.iter().copied().filter(|(name, _)| *name != "csrf").collect();
        form.extend(forged.map(|forged| ("csrf", forged)));
        let answer = lake.post("/login", &form, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "without the page's own seal ({forged:?})");
        assert!(answer.header(header::SET_COOKIE).is_empty(), "nobody is signed in");
    }
    lake.clock.advance(3600);
    let stale = lake.post("/login", &form, &[]).await;
    assert!(stale.body.contains("open for too long"), "an old page is explained");
    let fresh = hidden_fields(&stale.body);
    assert!(fresh.iter().any(|(name, _)| name == "csrf"), "and can be sent at once");
}

#[tokio::test]
async fn cancelling_tells_the_client() {
    let lake = Lake::with_password().await;
    let mut form = hidden_fields(&lake.login_page(&[]).await.body);
    form.push(("cancel".to_owned(), "yes".to_owned()));
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let returned = lake.post("/login", &form, &[]).await.returned();
    assert_eq!(returned["error"], "access_denied", "RFC 6749, 4.1.2.1");
    assert_eq!(returned["state"], "the state", "with the state");
}

#[tokio::test]
async fn one_click_takes_only_users_there_are() {
    let lake = Lake::one_click().await;
    for name in ["nobody@example.com", "", "admin@example.com,reader@example.com"] {
        let answer = lake.sign_in(name, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name:?} is nobody");
        assert!(answer.body.contains("Choose one of the users"), "{name:?} is explained");
    }
    let hinted = lake.get("/login?login_hint=x", &[]).await;
    assert_eq!(hinted.status, StatusCode::BAD_REQUEST, "the page alone, without a request, leads nowhere");
}
