use std::borrow::Cow;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lake::{Digest, MESSAGE_BYTES, MessageId};
use serde::Deserialize;

use crate::answer::Answer;

/// Longest name of an encoding that is recorded, in characters.
const ENCODING_CHARACTERS: usize = 40;

/// Padding at the end says nothing that the length does not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One message as it was handed in, measured and hashed. Its bytes have neither Debug nor Display.
pub(crate) struct Submission {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) raw_digest: Digest,
    pub(crate) encoding: Option<String>,
    pub(crate) replaces: Option<MessageId>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    msg: Cow<'a, str>,
    #[serde(default, borrow)]
    encoding: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    replaces: Option<Cow<'a, str>>,
}

impl Submission {
    /// Takes the bytes of one message: 1 byte to 4 MiB. `replaces` is the id of a message that this one is sent instead of.
    pub(crate) fn of_bytes(
        bytes: Vec<u8>,
        encoding: Option<&str>,
        replaces: Option<&str>,
    ) -> Result<Self, Answer> {
        if bytes.is_empty() {
            return Err(Answer::invalid("the message is empty"));
        }
        if bytes.len() > MESSAGE_BYTES {
            return Err(Self::too_large());
        }
        let encoding = encoding.filter(|name| !name.is_empty()).map(encoding_name).transpose()?;
        let replaces = replaces.map(replaced_id).transpose()?;
        let (digest, raw_digest) = (er7::digest(&bytes), er7::raw_digest(&bytes));
        Ok(Self { bytes, digest, raw_digest, encoding, replaces })
    }

    /// Reads `{"msg": BASE64, "encoding"?, "replaces"?}`; unknown fields are passed over.
    pub(crate) fn of_json(json: &[u8]) -> Result<Self, Answer> {
        let malformed = |line, column| {
            let form = "the body is not JSON of the form {\"msg\": BASE64}";
            Answer::invalid(&format!("{form} (line {line}, column {column})"))
        };
        if !is_object(json) {
            return Err(malformed(1, 1));
        }
        // serde_json's own message may quote the value: it stays here.
        let request: Request<'_> =
            serde_json::from_slice(json).map_err(|error| malformed(error.line(), error.column()))?;
        if request.msg.len() > base64_length(MESSAGE_BYTES) {
            return Err(Self::too_large());
        }
        let bytes = BASE64
            .decode(request.msg.as_bytes())
            .map_err(|_| Answer::invalid("`msg` is not base64 (RFC 4648, section 4, without line breaks)"))?;
        Self::of_bytes(bytes, request.encoding.as_deref(), request.replaces.as_deref())
    }

    pub(crate) fn too_large() -> Answer {
        Answer::too_large(MESSAGE_BYTES, "the message")
    }
}

/// Whether JSON is an object, if it is JSON at all: serde takes an array for a struct, its values in the order of the fields.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

/// The name is recorded, so it must be a name.
fn encoding_name(name: &str) -> Result<String, Answer> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/ ".contains(&byte);
    if name.len() <= ENCODING_CHARACTERS && name.bytes().all(sound) {
        Ok(name.to_owned())
    } else {
        Err(Answer::invalid("`encoding` is at most 40 letters, digits, spaces or any of - _ . : + /"))
    }
}

fn replaced_id(text: &str) -> Result<MessageId, Answer> {
    MessageId::parse(text).map_err(|wrong| Answer::invalid(&format!("`replaces` names no message: {wrong}")))
}

/// Characters of base64 for so many bytes, with padding.
const fn base64_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// How the body of a submission is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON with base64.
    Json,
    /// The bytes of the message.
    Bytes,
}

impl Form {
    /// Reads a media type; parameters such as `charset` are passed over.
    pub(crate) fn of(content_type: Option<&str>) -> Result<Self, Answer> {
        match media_type(content_type).as_str() {
            "application/json" => Ok(Self::Json),
            "application/hl7-v2" => Ok(Self::Bytes),
            _ => Err(unsupported("application/json or application/hl7-v2")),
        }
    }

    /// The largest body: for JSON, the base64 of the largest message with its slashes escaped, and room for the rest.
    pub(crate) const fn limit(self) -> usize {
        match self {
            Self::Json => base64_length(MESSAGE_BYTES) + MESSAGE_BYTES / 4 + 64 * 1024,
            Self::Bytes => MESSAGE_BYTES,
        }
    }
}

/// 415.
pub(crate) fn unsupported(wanted: &str) -> Answer {
    Answer::Invalid {
        code: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        reason: format!("the content type must be {wanted}, without content encoding"),
        limit_bytes: None,
    }
}

/// The media type alone, in lower case.
pub(crate) fn media_type(content_type: Option<&str>) -> String {
    content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}
