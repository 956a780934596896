//! Certificates that must not be taken, each told apart: a TLS server of ours before the built `steward`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lake_tests::running::steward;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority that the steward's computer trusts: its certificate is in the file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed by itself");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("authority.pem"), certificate.pem()).expect("a file");
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate of a host, valid in these years.
    fn certificate(&self, host: &str, years: [i32; 2]) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let params = params_of(host, years);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Certificate { chain: certificate.der().clone(), key }
    }
}

struct Certificate {
    chain: CertificateDer<'static>,
    key: KeyPair,
}

impl Certificate {
    fn self_signed(is_ca: IsCa) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params_of("localhost", [2020, 2100]);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).expect("signed by itself");
        Self { chain: certificate.der().clone(), key }
    }
}

fn params_of(host: &str, [from, until]: [i32; 2]) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// Answers every request with the description of a lake at this port.
async fn serve(certificate: Certificate) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let key = PrivateKeyDer::try_from(certificate.key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.chain], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a sound pair")));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not take the certificate goes away here.
                let Ok(mut stream) = acceptor.accept(connection).await else { return };
                let mut request = [0; 4096];
                if stream.read(&mut request).await.is_ok() {
                    let body = description(port);
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await.expect("the answer is taken");
                    stream.shutdown().await.expect("the connection ends");
                }
            });
        }
    });
    port
}

fn description(port: u16) -> String {
    let here = format!("https://localhost:{port}");
    serde_json::json!({
        "schema": "lake-profile/1", "name": "Lake of North", "lake_version": "0.1.0", "region": "eu-central-1",
        "issuer": here, "client_id": "c", "scopes": ["openid"], "redirect_uris": ["http://localhost:47113/callback"],
        "logout_url": format!("{here}/logout"), "logout_uris": [], "identity_pool_id": "eu-central-1:1",
        "identity_provider": "p", "bucket": "b", "catalog": "c", "catalog_shards": 1, "endpoints": {"front_door": here},
        "limits": {"message_bytes": 4_194_304, "batch_messages": 100, "batch_bytes": 4_194_304},
    })
    .to_string()
}

/// `steward connect` on a computer that trusts this authority only: how it ends, and what it says.
async fn connect(url: &str, authority: &Path) -> (Option<i32>, String) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let ran = tokio::process::Command::new(steward())
        .args(["connect", url, "--home"])
        .arg(home.path())
        .env("SSL_CERT_FILE", authority)
        .env_remove("SSL_CERT_DIR")
        .output()
        .await
        .expect("steward runs");
    (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_certificate_of_a_trusted_authority_is_taken() {
    let authority = Authority::named("authority");
    let port = serve(authority.certificate("localhost", [2020, 2100])).await;
    let (code, said) = connect(&format!("https://localhost:{port}"), &authority.file()).await;
    assert_eq!(code, Some(0), "connected: {said}");
    assert!(said.contains("Saved as lake-of-north"), "by its own name: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_certificate_is_told_in_its_own_words() {
    let authority = Authority::named("authority");
    let (stranger, forger) = (Authority::named("stranger"), Authority::named("authority"));
    let cases = [
        ("ended", authority.certificate("localhost", [2020, 2021]), "has expired"),
        ("not begun", authority.certificate("localhost", [2098, 2099]), "not valid yet"),
        ("of another host", authority.certificate("lake.example.org", [2020, 2100]), "is for another host"),
        (
            "of a stranger",
            stranger.certificate("localhost", [2020, 2100]),
            "nobody whom this computer trusts",
        ),
        (
            "of a forger of the authority's name",
            forger.certificate("localhost", [2020, 2100]),
            "is not sound",
        ),
        ("self-signed", Certificate::self_signed(IsCa::NoCa), "nobody whom this computer trusts"),
        (
            "self-signed as an authority",
            Certificate::self_signed(IsCa::Ca(BasicConstraints::Unconstrained)),
            "nobody whom this computer trusts",
        ),
    ];
    for (what, certificate, words) in cases {
        let port = serve(certificate).await;
        let url = format!("https://localhost:{port}");
        let (code, said) = connect(&url, &authority.file()).await;
        assert_eq!(code, Some(4), "{what}: {said}");
        assert!(said.contains(words), "{what}: {said}");
        assert!(said.contains(&url) && said.contains("Nothing was saved"), "{what}: {said}");
        assert!(!said.contains("Check the address, and that the lake is running"), "{what}: {said}");
    }
}
