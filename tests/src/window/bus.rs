//! A message bus of our own, a keyring on it, and a record of the notices that programs ask to be shown.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::group::{Group, Start};
use super::wait::{LIMIT, until};

/// The steward's keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// Open, as after logging in to the computer.
    Unlocked,
    /// There, but nobody has opened it.
    Locked,
    /// There is none.
    Absent,
}

/// The bus knows nothing that it could start by itself.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=FOLDER</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A running bus.
#[derive(Debug)]
pub(super) struct Bus {
    /// Where it is, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub(super) address: String,
    notices: PathBuf,
    _daemon: Group,
    _monitor: Group,
    _keyring: Option<Group>,
}

impl Bus {
    /// Starts one. Sockets go into the folder; the keyring is kept where `environment` says.
    pub(super) async fn start(keyring: Keyring, folder: &Path, environment: &[(OsString, OsString)]) -> Self {
        let configuration = folder.join("bus.xml");
        let sockets = folder.to_str().expect("a path in UTF-8");
        fs::write(&configuration, CONFIGURATION.replace("FOLDER", sockets)).expect("a file");
        let configuration = format!("--config-file={}", configuration.display());
        let words = ["dbus-daemon", &configuration, "--nofork", "--print-address=1"];
        let (daemon, address) = Start::new(&words, &folder.join("bus.log")).first_line().await;
        let notices = folder.join("notices");
        let words = ["dbus-monitor", "--address", &address, "interface='org.freedesktop.Notifications'"];
        let monitor = Start::new(&words, &notices).group();
        let mut bus = Self { address, notices, _daemon: daemon, _monitor: monitor, _keyring: None };
        bus._keyring = bus.keyring(keyring, folder, environment).await;
        bus
    }

    /// What programs asked to be shown as notices, as the bus's monitor writes it.
    pub(super) fn notices(&self) -> String {
        fs::read_to_string(&self.notices).unwrap_or_default()
    }

    async fn keyring(
        &self,
        keyring: Keyring,
        folder: &Path,
        environment: &[(OsString, OsString)],
    ) -> Option<Group> {
        let daemon = "exec gnome-keyring-daemon --foreground --components=secrets";
        let script = match keyring {
            Keyring::Unlocked => format!("printf 'test\\n' | {{ {daemon} --unlock; }}"),
            Keyring::Locked => daemon.to_owned(),
            Keyring::Absent => return None,
        };
        let group = Start::new(&["sh", "-c", &script], &folder.join("keyring.log"))
            .environment(environment)
            .environment(&[("DBUS_SESSION_BUS_ADDRESS".into(), OsString::from(&self.address))])
            .group();
        until("a keyring on the bus", LIMIT, async || {
            self.has_owner("org.freedesktop.secrets").then_some(())
        })
        .await;
        Some(group)
    }

    fn has_owner(&self, name: &str) -> bool {
        let asked = Command::new("dbus-send")
            .args([
                &format!("--bus={}", self.address),
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
            ])
            .args(["/", "org.freedesktop.DBus.NameHasOwner", &format!("string:{name}")])
            .stderr(Stdio::null())
            .output();
        asked.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("true"))
    }
}
