//! The loopback end of a sign-in: who may answer, how often, on which addresses.

use desk::session::{Prompt, Session, SessionProblem, SystemClock, Vault};
use tokio::sync::oneshot;
use url::Url;

use crate::local::Place;
use crate::robot;

/// The value of one query parameter.
fn asked(address: &Url, name: &str) -> String {
    let found = address.query_pairs().find(|(found, _)| found == name);
    found.expect("the address has it").1.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_answer_to_this_sign_in_ends_it_and_only_once() {
    let place = Place::start().await;
    let session = Session::new(&place.home, place.profile(), Vault::Memory, SystemClock);
    let _turn = robot::turn().await;
    let (show, shown) = oneshot::channel();
    let waiting = tokio::spawn(async move {
        session
            .sign_in(Prompt::IfNeeded, |address| show.send(address.clone()).map_err(|_| "nobody waits"))
            .await
    });
    let address: Url = shown.await.expect("an address is shown");
    let (redirect, state) = (asked(&address, "redirect_uri"), asked(&address, "state"));
    let http = robot::client();
    let status = async |url: String, host: Option<&str>| {
        let request = http.get(&url);
        let request = host.iter().fold(request, |request, host| request.header("host", *host));
        request.send().await.expect("the port answers").status().as_u16()
    };
    assert_eq!(status(format!("{redirect}?code=x&state=other"), None).await, 400, "another sign-in's state");
    assert_eq!(status(format!("{redirect}?code=x"), None).await, 400, "no state");
    let right = format!("{redirect}?code=x&state={state}");
    assert_eq!(status(right.clone(), Some("evil.example:80")).await, 400, "asked for under another name");
    let elsewhere = format!("{right}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(status(elsewhere, None).await, 400, "another issuer's answer");
    let other_path = redirect.replace("/callback", "/other");
    assert_eq!(status(format!("{other_path}?code=x&state={state}"), None).await, 404, "no other path");
    let port = Url::parse(&redirect).expect("a URL").port().expect("a port");
    let six = format!("http://[::1]:{port}/callback?code=x&state=other");
    assert!(
        matches!(http.get(six).send().await.map(|answer| answer.status().as_u16()), Ok(400)),
        "the same program answers on ::1"
    );
    assert!(!waiting.is_finished(), "none of these ended the wait");

    let denied = format!("{redirect}?error=access_denied&state={state}");
    assert_eq!(status(denied, None).await, 200, "the one answer");
    let ended = waiting.await.expect("it ends");
    assert!(
        matches!(&ended, Err(SessionProblem::Refused { reason }) if reason == "access_denied"),
        "the issuer's refusal is told: {ended:?}"
    );
    let closed = http.get(right).send().await;
    assert!(closed.is_err(), "the port is let go: {closed:?}");
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_ports_taken_it_says_which() {
    let place = Place::start().await;
    let _turn = robot::turn().await;
    let mut profile = place.profile();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    profile.redirect_uris = vec![format!("http://localhost:{port}/callback")];
    let session = Session::new(&place.home, profile, Vault::Memory, SystemClock);
    let refused = session.sign_in(Prompt::IfNeeded, |_| Ok::<(), String>(())).await;
    let problem = refused.expect_err("no port is free").to_string();
    assert!(problem.contains(&port.to_string()), "the port is named: {problem}");
    place.lake.stop().await;
}
