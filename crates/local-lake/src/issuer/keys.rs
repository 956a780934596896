use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, KeyAlgorithm, PublicKeyUse, RSAKeyParameters, RSAKeyType,
};
use lake::Fault;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::credentials::{keep, kept};
use crate::database::Database;

/// The RSA key that tokens are signed with (RS256, 2048 bits, as Cognito's).
pub(super) struct SigningKey {
    pair: KeyPair,
    jwk: Jwk,
    id: String,
}

/// What it is kept under.
const NAME: &str = "issuer-key";
const PART: &str = "the issuer's signing key";

impl SigningKey {
    /// The key of this data folder; made at the first start, which takes some tenths of a second.
    pub(super) async fn open(database: &Database) -> Result<Self, Fault> {
        let pkcs8 = match kept(database, NAME).await? {
            Some(pkcs8) => pkcs8,
            None => {
                let fresh =
                    tokio::task::spawn_blocking(generate).await.map_err(|_| refused("it panicked"))??;
                keep(database, NAME, fresh).await?
            }
        };
        let pair = KeyPair::from_pkcs8(&pkcs8).map_err(|_| Fault::Damaged {
            part: PART,
            what: format!("kept.{NAME}"),
            reason: "it is no RSA key in PKCS #8".to_owned(),
        })?;
        Ok(Self::of(pair))
    }

    fn of(pair: KeyPair) -> Self {
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
        // The key's thumbprint (RFC 7638) is its id.
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        let jwk = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::RS256),
                key_id: Some(id.clone()),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::RSA(RSAKeyParameters { key_type: RSAKeyType::RSA, n, e }),
        };
        Self { pair, jwk, id }
    }

    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// A signed token with these claims (RFC 7515, compact form). The parsed key is held, unlike by the JWT library,
    /// which would read it anew for each token.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, Fault> {
        let header = json!({"alg": "RS256", "kid": self.id, "typ": "JWT"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| refused("it did not sign"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn generate() -> Result<Zeroizing<Vec<u8>>, Fault> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| refused("none could be made"))?;
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
        .map_err(|_| refused("it cannot be written down"))?;
    Ok(Zeroizing::new(pkcs8.as_ref().to_vec()))
}

fn refused(reason: &str) -> Fault {
    Fault::Refused { part: PART, reason: reason.to_owned() }
}
