//! A lake, and a steward's desk before it.

use std::process::Stdio;

use desk::account::Account;
use desk::home::Home;
use desk::session::{Prompt, Vault};
use er7::digest;
use lake::{MessageId, Outcome};
use lake_tests::robot;
use lake_tests::running::{Running, steward};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::oneshot;
use url::Url;

/// A running lake and a home that knows it as `here`.
pub(crate) struct Place {
    pub(crate) lake: Running,
    pub(crate) home: Home,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) async fn start() -> Self {
        let lake = Running::fresh().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::open(&folder.path().join("home")).expect("a home");
        home.save_profile("here", lake.profile.clone()).expect("saved");
        Self { lake, home, folder }
    }

    /// The desk of a sample user, signed in.
    pub(crate) async fn account(&self, user: &'static str) -> Account {
        let vault = Vault::File(self.folder.path().join(format!("session of {user}")));
        let account = Account::open(&self.home, None, vault).expect("a known lake");
        let _turn = robot::turn().await;
        let (show, shown) = oneshot::channel();
        let browser = tokio::spawn(async move {
            let address: Url = shown.await.expect("an address is shown");
            robot::sign_in(&address, user).await
        });
        let signed_in = account
            .session
            .sign_in(Prompt::Login, |address| show.send(address.clone()).map_err(|_| "nobody waits"))
            .await;
        signed_in.expect("the sign-in goes through");
        browser.await.expect("the robot gets through");
        account
    }

    /// The built `steward`, as a sample user who has signed in here.
    pub(crate) fn steward(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(steward());
        command.args(["--profile", "here", "--output", "json", "--home"]).arg(self.home.path());
        command.arg("--session-file").arg(self.folder.path().join(format!("session of {user}")));
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Hands a message over; its id.
    pub(crate) async fn submit(&self, account: &Account, message: &str) -> MessageId {
        let bytes = message.as_bytes().to_vec();
        let digest = digest(&bytes);
        let token = account.signed_in().await.expect("signed in").id_token;
        let tried = self.lake.door.submit(&token, bytes.into(), digest, None).await;
        match tried {
            desk::front_door::Try::Answered(Outcome::Ingested { message_id, .. }) => message_id,
            other => panic!("the lake takes it: {other:?}"),
        }
    }
}

/// A synthetic result of a sender.
pub(crate) fn result(sender: &str, control_id: &str) -> String {
    format!(
        "MSH|^~\\&|{sender}|NORTH|LAKE|REGION|20260301083000+0100||ORU^R01^ORU_R01|{control_id}|P|2.5\r\
         PID|1||{control_id}^^^NORTH^MR||SAMPLE^ANNA||19800412|F\rOBR|1|||GLU\rOBX|1|NM|GLU||5.4\r"
    )
}
