//! Somebody with neither the right to read nor the right to write: everything is answered, nothing is shown.

use lake_tests::running::adt;
use serde_json::{Value, json};

use crate::commands::{Desk, column};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_any_right_is_told_so_by_every_command() {
    // Cognito, and this lake, give rights only to a sign-in that asks for `profile`.
    let desk = Desk::start_with(|profile| profile.scopes.retain(|scope| scope != "profile")).await;
    let told = desk.sign_in("admin").await;
    assert_eq!((&told["read"], &told["write"]), (&Value::Null, &Value::Null), "no rights: {told}");
    let whoami = desk.run("admin", &["whoami"]).await;
    assert_eq!((whoami.code, &whoami.lines[0]), (Some(0), &told), "that is no failure: {}", whoami.said);

    let id = "019cb3c1-7d00-7000-8000-000000000000";
    let key = format!("ingestion/protocol=hl7v2/source=my_hospital_123/date=2026-03-04/{id}.er7");
    for arguments in [
        &["list"][..],
        &["list", "ingestion/2026-03-04"],
        &["get", &key],
        &["get", id, "--zone", "ingestion"],
        &["catalog"],
        &["catalog", "--control-id", "CTL-1"],
        &["errors"],
        &["trace", id],
        &["find", "x", "--from", "2026-03-04"],
        &["verify", id],
        &["verify", "--date", "2026-03-04"],
    ] {
        let refused = desk.run("admin", arguments).await;
        assert_eq!((refused.code, refused.output.len()), (Some(3), 0), "{arguments:?}: {}", refused.said);
        let next = "Ask the lake's administrator for the right to read";
        assert!(refused.said.contains(next), "{arguments:?} names the next step: {}", refused.said);
    }
    for arguments in [&["restage", id][..], &["redeliver", id], &["set-aside", id, "--reason", "not-needed"]]
    {
        let refused = desk.run("admin", arguments).await;
        assert_eq!((refused.code, refused.output.len()), (Some(3), 0), "{arguments:?}: {}", refused.said);
        let next = "Ask the lake's administrator for the right to write";
        assert!(refused.said.contains(next), "{arguments:?} names the next step: {}", refused.said);
    }

    // Whether a message is taken is the lake's to say, and it is told of each.
    let file = desk.file("two.hl7", format!("{}{}", adt("CTL-1", 1), adt("CTL-2", 1)).as_bytes());
    let denied = desk.run("admin", &["submit", &file]).await;
    assert_eq!(denied.code, Some(1), "none came in: {}", denied.said);
    assert_eq!(column(&denied, "outcome"), ["denied", "denied"], "each has its outcome: {:?}", denied.lines);
    let reason = denied.lines[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("custom:write"), "the attribute that is missing is named: {reason}");
    let step = denied.lines[0]["next_step"].as_str().expect("a next step");
    assert!(step.contains("administrator"), "and who can help: {step}");
    let summary = &denied.lines.last().expect("a summary")["summary"];
    assert_eq!((&summary["found"], &summary["denied"]), (&json!(2), &json!(2)), "it adds up: {summary}");

    let doctor = desk.run("admin", &["doctor"]).await;
    let odd: Vec<_> = doctor.lines.iter().filter(|probe| probe["as_told"] != true).collect();
    assert_eq!(
        (doctor.code, doctor.lines.len()),
        (Some(0), 12),
        "all as it should be: {odd:?} {}",
        doctor.said
    );
    let allowed: Vec<_> = doctor.lines.iter().filter(|probe| probe["found"] == "allowed").collect();
    assert_eq!(allowed.len(), 1, "only the lake's own description is open to them: {allowed:?}");
    desk.stop().await;
}
