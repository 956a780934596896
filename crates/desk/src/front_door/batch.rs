//! Many messages in one request.

use lake::MessageId;

/// The body of a batch: one line of JSON a message.
#[derive(Debug, Default)]
pub struct BatchBody(Vec<u8>);

impl BatchBody {
    /// Room for messages of so many bytes in all.
    pub fn with_room(messages: usize, bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes / 3 * 4 + messages * 80))
    }

    /// Adds a message.
    pub fn add(&mut self, message: &[u8], replaces: Option<MessageId>) {
        // Written as it is: neither base64 nor an id holds anything that JSON would escape.
        self.0.extend_from_slice(br#"{"msg":""#);
        base64_simd::STANDARD.encode_append(message, &mut self.0);
        if let Some(replaces) = replaces {
            self.0.extend_from_slice(format!(r#"","replaces":"{replaces}"#).as_bytes());
        }
        self.0.extend_from_slice(b"\"}\n");
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_lines_of_json() {
        let id = MessageId::parse("01a20671-fc1e-75c9-b8a0-6f9a9cdb7266").unwrap();
        let mut body = BatchBody::default();
        body.add(b"MSH|\xff\x00", None);
        body.add(b"", Some(id));
        let lines: Vec<serde_json::Value> = body
            .0
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("a line is JSON"))
            .collect();
        let expected = [
            serde_json::json!({ "msg": "TVNIfP8A" }),
            serde_json::json!({ "msg": "", "replaces": id.to_string() }),
        ];
        assert_eq!(lines, expected, "one object a message, any bytes");
    }
}
