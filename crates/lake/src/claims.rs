use jiff::Timestamp;

use crate::Source;

/// What a verified ID token says of a signed-in user (OIDC Core 1.0, section 2; Cognito custom attributes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Cognito `sub`: the stable id of the user.
    pub subject: String,
    /// The institution whose objects and history the user may read (`custom:read`).
    pub read: Option<Source>,
    /// The institution in whose name the user may send (`custom:write`).
    pub write: Option<Source>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

impl Claims {
    /// A right as an attribute's value gives it: absent, blank or ill-formed is no right.
    pub fn right(attribute: Option<&str>) -> Option<Source> {
        attribute.and_then(|value| Source::parse(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_or_ill_formed_attribute_is_no_right() {
        for value in [None, Some(""), Some(" "), Some("*"), Some("a b"), Some("a,b")] {
            assert_eq!(Claims::right(value), None, "{value:?} must give no right");
        }
        assert!(Claims::right(Some("my_hospital_123")).is_some(), "a sound name is a right");
    }
}
