//! The credentials that requests to S3 and DynamoDB are signed with, and who they stand for.

mod kept;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lake::{Fault, Source};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::database::Database;
use crate::randomness::Randomness;

pub use kept::SCHEMA;
pub(crate) use kept::{keep, kept, kept_random};

/// Who signed a request, as the credentials say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Principal {
    /// The administrator of this lake, with its root credential: the account's owner on AWS.
    Administrator,
    /// A signed-in steward, with temporary credentials of the identity pool.
    Steward {
        /// The `sub` of the user in the user pool.
        subject: String,
        /// Principal tag `read`: the institution whose objects and history may be read.
        read: Option<Source>,
        /// Principal tag `write`: the institution in whose name messages may be sent.
        write: Option<Source>,
    },
}

/// Why credentials prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// Temporary credentials came without their session token.
    #[error("the session token is missing; send x-amz-security-token with temporary credentials")]
    Missing,
    /// The access key id or the session token is not of this lake, or they do not belong together.
    #[error("the credentials are not of this lake; sign in again")]
    Invalid,
    /// The temporary credentials have ended.
    #[error("the credentials have ended; ask the identity pool for new ones")]
    Expired,
}

/// The cryptographic library refused to seal a session token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no session token could be made: the cryptographic library refused; start the lake again")]
pub struct NotSealed;

/// A secret text: shown nowhere, wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text that must not be shown.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for a signature or an answer; it must not reach a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}

/// An access key for good: the administrator's.
#[derive(Clone, Debug)]
pub struct RootCredential {
    /// `AKIA` and sixteen characters.
    pub access_key_id: String,
    /// The key that requests are signed with (SigV4).
    pub secret_access_key: Secret,
}

/// An access key for a while, as the identity pool hands it out.
#[derive(Clone, Debug)]
pub struct SessionCredentials {
    /// `ASIA` and sixteen characters.
    pub access_key_id: String,
    /// The key that requests are signed with (SigV4).
    pub secret_access_key: Secret,
    /// Sealed words on who this is; sent with every request as `x-amz-security-token`.
    pub session_token: Secret,
    /// When the credentials end, to the second.
    pub expires_at: Timestamp,
}

/// How long temporary credentials hold.
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// Makes and checks the credentials of one lake. It keeps nothing: every secret follows from the master key, and a
/// session token carries, sealed, who it is for. So credentials outlive a restart, and nothing has to be cleaned up.
pub struct CredentialMint {
    secrets: hmac::Key,
    sealing: Zeroizing<[u8; 32]>,
    root_access_key_id: String,
}

impl CredentialMint {
    /// The mint of this data folder, on the master key kept in its database.
    pub async fn open(database: &Database, randomness: &dyn Randomness) -> Result<Self, Fault> {
        Ok(Self::new(kept_random(database, "credential-master", randomness).await?))
    }

    /// A mint on the lake's master key: 32 random bytes, made once and kept in the data folder.
    pub fn new(master: [u8; 32]) -> Self {
        let master = Zeroizing::new(master);
        let root = hmac::Key::new(hmac::HMAC_SHA256, master.as_slice());
        let secrets = Zeroizing::new(derive(&root, b"lake-steward/1 secret access keys"));
        let named = derive(&root, b"lake-steward/1 root access key id");
        Self {
            secrets: hmac::Key::new(hmac::HMAC_SHA256, secrets.as_slice()),
            sealing: Zeroizing::new(derive(&root, b"lake-steward/1 session tokens")),
            root_access_key_id: access_key_id("AKIA", &named),
        }
    }

    /// The administrator's credential: the same for as long as the data folder lives.
    pub fn root(&self) -> RootCredential {
        RootCredential {
            access_key_id: self.root_access_key_id.clone(),
            secret_access_key: self.derived_secret(&self.root_access_key_id),
        }
    }

    /// Temporary credentials for `principal`, for [`SESSION_LIFETIME`] from `now`. `random` must be fresh.
    pub fn mint(
        &self,
        principal: &Principal,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<SessionCredentials, NotSealed> {
        let (nonce, name) = random.split_first_chunk::<NONCE_LEN>().ok_or(NotSealed)?;
        let access_key_id = access_key_id("ASIA", name);
        let ends = now.as_second() + SESSION_LIFETIME.as_secs();
        let said = Sealed { principal: principal.clone(), ends };
        let mut text = serde_json::to_vec(&said).map_err(|_| NotSealed)?;
        let nonce_of_token = Nonce::assume_unique_for_key(*nonce);
        self.sealing_key()
            .ok_or(NotSealed)?
            .seal_in_place_append_tag(nonce_of_token, bound_to(&access_key_id), &mut text)
            .map_err(|_| NotSealed)?;
        let mut token = vec![TOKEN_VERSION];
        token.extend_from_slice(nonce);
        token.append(&mut text);
        Ok(SessionCredentials {
            secret_access_key: self.derived_secret(&access_key_id),
            session_token: Secret::new(STANDARD.encode(token)),
            expires_at: Timestamp::from_second(ends).map_err(|_| NotSealed)?,
            access_key_id,
        })
    }

    /// The secret that goes with an access key id, for checking a signature; `None` for an id that this lake cannot
    /// have made. That a secret comes back proves nothing: only a signature made with it, and then
    /// [`principal_of`](Self::principal_of), do.
    pub fn secret_of(&self, access_key_id: &str) -> Option<Secret> {
        (self.is_root(access_key_id) || is_temporary(access_key_id))
            .then(|| self.derived_secret(access_key_id))
    }

    /// Who a request comes from whose signature by `access_key_id` held.
    pub fn principal_of(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now: Timestamp,
    ) -> Result<Principal, CredentialProblem> {
        if self.is_root(access_key_id) {
            return match session_token {
                None => Ok(Principal::Administrator),
                Some(_) => Err(CredentialProblem::Invalid),
            };
        }
        if !is_temporary(access_key_id) {
            return Err(CredentialProblem::Invalid);
        }
        let token = session_token.filter(|token| !token.is_empty()).ok_or(CredentialProblem::Missing)?;
        let said = self.unseal(access_key_id, token).ok_or(CredentialProblem::Invalid)?;
        if now.as_second() >= said.ends { Err(CredentialProblem::Expired) } else { Ok(said.principal) }
    }

    fn unseal(&self, access_key_id: &str, token: &str) -> Option<Sealed> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let bytes = STANDARD.decode(token).ok()?;
        let rest = bytes.strip_prefix(&[TOKEN_VERSION])?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.sealing_key()?.open_in_place(nonce, bound_to(access_key_id), &mut sealed).ok()?;
        serde_json::from_slice(text).ok()
    }

    fn sealing_key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.sealing.as_slice()).ok().map(LessSafeKey::new)
    }

    fn is_root(&self, access_key_id: &str) -> bool {
        constant_time::verify_slices_are_equal(access_key_id.as_bytes(), self.root_access_key_id.as_bytes())
            .is_ok()
    }

    /// Forty characters of base64, as AWS's secret access keys have.
    fn derived_secret(&self, access_key_id: &str) -> Secret {
        let tag = hmac::sign(&self.secrets, access_key_id.as_bytes());
        let mut text = STANDARD.encode(tag.as_ref());
        text.truncate(40);
        Secret::new(text)
    }
}

/// What a session token says when opened.
#[derive(Serialize, Deserialize)]
struct Sealed {
    principal: Principal,
    ends: i64,
}

/// The form of a session token: this byte, a nonce, the sealed words with their tag; base64.
const TOKEN_VERSION: u8 = 1;
/// No session token of ours is longer; anything beyond is refused unread.
const LONGEST_TOKEN: usize = 2_048;
/// The thirty-two letters of base32 (RFC 4648, section 6), which AWS's access key ids are made of.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A token opens only with the access key id that it was made for.
fn bound_to(access_key_id: &str) -> Aad<&[u8]> {
    Aad::from(access_key_id.as_bytes())
}

/// Twenty characters: four that tell the kind, sixteen from the bytes given.
fn access_key_id(kind: &str, bytes: &[u8]) -> String {
    let letters = bytes.iter().filter_map(|byte| BASE32.get(usize::from(byte % 32)));
    kind.chars().chain(letters.take(16).map(|letter| char::from(*letter))).collect()
}

fn is_temporary(access_key_id: &str) -> bool {
    access_key_id
        .strip_prefix("ASIA")
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| BASE32.contains(&byte)))
}

/// One key for one purpose from the master key (HMAC-SHA-256 as a key derivation, NIST SP 800-108r1).
fn derive(master: &hmac::Key, purpose: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    key.iter_mut().zip(hmac::sign(master, purpose).as_ref()).for_each(|(to, from)| *to = *from);
    key
}

#[cfg(test)]
mod tests;
