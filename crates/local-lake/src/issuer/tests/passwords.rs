use axum::http::{StatusCode, header};

use super::support::{Lake, PASSWORD};

#[tokio::test]
async fn only_the_right_password_signs_in() {
    let lake = Lake::with_password().await;
    for (username, password, text) in [
        ("admin@example.com", "wrong", "is not right"),
        ("nobody@example.com", PASSWORD, "is not right"),
        ("admin@example.com", "", "Enter your e-mail address"),
        ("", PASSWORD, "Enter your e-mail address"),
        ("reader@example.com", &"x".repeat(2000), "is not right"),
    ] {
        let answer = lake.submit(username, password, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{username} is not signed in");
        assert!(answer.body.contains(text), "{username}: the page says {text:?}");
        assert!(answer.header(header::SET_COOKIE).is_empty(), "{username}: no session begins");
    }
    let answer = lake.submit(" Admin@example.com ", PASSWORD, &[]).await;
    assert!(answer.returned().contains_key("code"), "capitals and blanks around the name do not matter");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_page_says_for_how_long() {
    let lake = Lake::with_password().await;
    for number in 1..=5 {
        let answer = lake.submit("admin@example.com", "guess", &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "guess {number} is looked at");
    }
    let paused = lake.submit("admin@example.com", PASSWORD, &[]).await;
    assert_eq!(paused.status, StatusCode::TOO_MANY_REQUESTS, "now even the right password waits");
    assert_eq!(paused.header(header::RETRY_AFTER), "30", "programs are told for how long");
    assert!(paused.body.contains("Wait 30 seconds, then try again"), "and people too");
    let other = lake.submit("reader@example.com", PASSWORD, &[]).await;
    assert!(other.returned().contains_key("code"), "another user is not held up");
    lake.clock.advance(30);
    let after = lake.submit("admin@example.com", PASSWORD, &[]).await;
    assert!(after.returned().contains_key("code"), "after the pause the right password is taken");
    let wrong = lake.submit("admin@example.com", "guess", &[]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "and the count starts afresh");
}
