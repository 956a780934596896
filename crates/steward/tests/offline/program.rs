//! Runs the built binary, with a limit.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use wait_timeout::ChildExt;

/// Nothing that these tests run takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A small admission; the segments end as the standard says.
pub(crate) const ADMISSION: &str = "MSH|^~\\&|ADT1|GOOD HEALTH HOSPITAL|GHH LAB|ELAB-3|202602010930+0000||ADT^A01^ADT_A01|A0001|P|2.5\rEVN|A01|202602010930+0000\rPID|1||100001^^^MRN1||DOE^JANE||19700101|F\rPV1|1|I";

/// As [`ADMISSION`], but with another control id.
pub(crate) fn admission(control_id: &str) -> String {
    ADMISSION.replace("A0001", control_id)
}

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    /// Standard output as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parsed = self.output.lines().map(serde_json::from_str);
        parsed.collect::<Result<_, _>>().expect("every line on standard output is a JSON object")
    }
}

/// Runs `steward` with these arguments.
pub(crate) fn steward<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    steward_with_input(arguments, b"")
}

/// Runs `steward` and gives it something to read.
pub(crate) fn steward_with_input<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_steward"))
        .args(arguments)
        .env_remove("STEWARD_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let output = gather(child.stdout.take().expect("standard output is piped"));
    let errors = gather(child.stderr.take().expect("standard error is piped"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // A program that refuses its arguments reads nothing.
    drop(stdin.write_all(input));
    drop(stdin);
    let ended = child.wait_timeout(LIMIT).expect("the program can be waited for");
    if ended.is_none() {
        child.kill().expect("a program that hangs can be ended");
    }
    let status = ended.expect("the program ends within its limit");
    Ran {
        code: status.code(),
        output: output.join().expect("standard output is text"),
        errors: errors.join().expect("standard error is text"),
    }
}

fn gather(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("the program writes UTF-8");
        text
    })
}
