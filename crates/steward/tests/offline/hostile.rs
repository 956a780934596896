//! Files and folders that are not what one expects; a reader that goes away.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::tempdir;
use wait_timeout::ChildExt;

use crate::program::{ADMISSION, steward, steward_with_input};

#[test]
fn a_path_that_is_not_there_is_wrong_use_and_harms_no_other() {
    let ran = steward(["parse", "/no/such/file.hl7"]);
    assert_eq!((ran.code, ran.output.as_str()), (Some(2), ""), "nothing could be read: {}", ran.errors);
    assert!(ran.errors.contains("/no/such/file.hl7: is not there"), "named: {}", ran.errors);
    let ran = steward_with_input(["parse", "/no/such/file.hl7", "-"], ADMISSION.as_bytes());
    assert_eq!(ran.code, Some(1), "the other was read: {}", ran.errors);
    assert_eq!(ran.lines().len(), 1, "and staged");
}

#[test]
fn any_bytes_are_no_reason_to_panic() {
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: [&[u8]; 6] = [b"\0\0\0\0", b"MSH", b"MSH|", b"\xff\xfe\0", b"MSH|^~\\&\r\0\0\x0b\x1c", &noise];
    for bytes in cases {
        for command in ["parse", "check"] {
            let ran = steward_with_input([command, "-"], bytes);
            assert!(matches!(ran.code, Some(0 | 1)), "{command}: ended with {:?}: {}", ran.code, ran.errors);
            assert!(!ran.errors.contains("panicked"), "{command}: {}", ran.errors);
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("many.hl7");
    fs::write(&file, format!("{ADMISSION}\r").repeat(20_000)).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_steward"))
        .args(["parse".as_ref(), file.as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = [0; 100];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("some output comes at once");
    let ended = child.wait_timeout(Duration::from_secs(60)).expect("waits");
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "a closed pipe is no failure");
    let mut errors = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
    assert_eq!(errors, "", "and nothing is said");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    #[test]
    fn loops_pipes_sockets_and_dead_links_are_named_and_the_rest_is_read() {
        let folder = tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("inner")).expect("a folder");
        fs::write(path("inner/message.hl7"), ADMISSION).expect("a file");
        symlink(folder.path(), path("inner/loop")).expect("a link");
        symlink("nowhere", path("dead")).expect("a link");
        symlink("self", path("self")).expect("a link");
        let made = Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo runs");
        assert!(made.success(), "a pipe was made");
        let _socket = UnixListener::bind(path("socket")).expect("a socket");
        let ran = steward(["parse".as_ref(), folder.path().as_os_str()]);
        assert_eq!(ran.code, Some(1), "something was passed over: {}", ran.errors);
        assert_eq!(ran.lines().len(), 1, "the message was read, once: {}", ran.output);
        for (name, said) in [
            ("inner/loop", "leads back"),
            ("dead", "leads nowhere"),
            ("self", "cannot be read"),
            ("pipe", "is a pipe"),
            ("socket", "is a socket"),
        ] {
            let named =
                ran.errors.lines().any(|line| line.contains(&format!("{name}:")) && line.contains(said));
            assert!(named, "`{name}` is named and said why: {}", ran.errors);
        }
    }

    #[test]
    fn devices_and_pipes_named_outright_are_not_waited_for() {
        let folder = tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success(),
            "a pipe was made"
        );
        let ran = steward(["check".as_ref(), pipe.as_os_str(), "/dev/zero".as_ref()]);
        assert_eq!(ran.code, Some(1), "nothing was read: {}", ran.errors);
        assert!(ran.errors.contains("is a pipe") && ran.errors.contains("is a device"), "{}", ran.errors);
    }

    #[test]
    fn what_may_not_be_read_is_named() {
        let folder = tempdir().expect("a folder");
        let closed = folder.path().join("closed.hl7");
        fs::write(&closed, ADMISSION).expect("a file");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("closed");
        let may_anyway = fs::File::open(&closed).is_ok();
        let ran = steward(["parse".as_ref(), folder.path().as_os_str()]);
        if may_anyway {
            // Root may read everything.
            assert_eq!(ran.code, Some(0), "read: {}", ran.errors);
        } else {
            assert_eq!(ran.code, Some(1), "not read: {}", ran.errors);
            assert!(ran.errors.contains("may not be read by you"), "{}", ran.errors);
        }
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        let folder = tempdir().expect("a folder");
        fs::write(folder.path().join("bad\u{1b}[2Jname.txt"), "milk").expect("a file");
        let ran = steward(["check".as_ref(), folder.path().as_os_str()]);
        assert!(!ran.errors.contains('\u{1b}'), "controls are shown, not sent: {}", ran.errors);
    }

    #[test]
    fn a_full_disk_is_said() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let Ok(full) = full else { return };
        let output = Command::new(env!("CARGO_BIN_EXE_steward"))
            .args(["describe", "PID"])
            .stdout(full)
            .output()
            .expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "data was lost: {errors}");
        assert!(errors.contains("cannot write to standard output"), "and said so: {errors}");
    }

    #[test]
    fn ctrl_c_ends_even_a_read_that_waits() {
        let mut child = Command::new(env!("CARGO_BIN_EXE_steward"))
            .args(["check", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("piped");
        // The signal is listened for before the first message is read; a dozen of them show that reading has begun.
        std::io::Write::write_all(&mut input, format!("{ADMISSION}\r").repeat(2_000).as_bytes())
            .expect("written");
        let mut first = [0; 10];
        child.stdout.as_mut().expect("piped").read_exact(&mut first).expect("lines come");
        let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success(), "the signal was sent");
        let mut rest = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut rest).expect("reads");
        let ended = child.wait_timeout(Duration::from_secs(30)).expect("waits");
        assert_eq!(
            ended.and_then(|status| status.code()),
            Some(130),
            "stopped, although its input is still open"
        );
    }
}
