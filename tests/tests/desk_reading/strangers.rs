//! Servers that answer where a lake should, and are none, or another version's.

use axum::Router;
use axum::routing::get;
use desk::connect::{self, ConnectProblem};
use desk::home::Home;
use lake_tests::running::steward;
use tokio::net::TcpListener;

/// Answers this to `GET /lake`; where.
async fn answering(document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let router = Router::new().route("/lake", get(async move || document));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://localhost:{port}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_of_another_version_is_named_and_not_saved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(folder.path()).expect("a home");
    let url = answering(r#"{"schema":"lake-profile/2","doors":["of another kind"]}"#).await;
    let problem = connect::look(&home, &url).await.expect_err("another version");
    assert!(
        matches!(&problem, ConnectProblem::OtherVersion { schema, .. } if schema == "lake-profile/2"),
        "told from what is no lake at all: {problem:?}"
    );
    let ran = tokio::process::Command::new(steward())
        .args(["connect", &url, "--home"])
        .arg(folder.path())
        .output()
        .await
        .expect("steward runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "not connected: {said}");
    assert!(said.contains("lake-profile/2") && said.contains("Update Lake Steward"), "the next step: {said}");
    assert!(home.lakes().expect("readable").is_empty(), "nothing was saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_lake_is_said_to_be_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(folder.path()).expect("a home");
    for document in ["<html>a printer</html>", r#"{"schema":"openapi/3"}"#, r#"{"schema":"lake-profile/1"}"#]
    {
        let problem = connect::look(&home, &answering(document).await).await.expect_err("no lake");
        assert!(matches!(problem, ConnectProblem::NoLake { .. }), "{document}: {problem:?}");
        assert!(problem.to_string().contains("not a lake"), "{document}: {problem}");
    }
}
