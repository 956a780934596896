use std::collections::BTreeMap;

/// What is known of a call beside action and resource: condition keys and their values. A key without a value is absent,
/// which is not the same as a key with an empty value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    values: BTreeMap<Key, Vec<String>>,
}

impl Context {
    /// A call of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// `aws:PrincipalTag/NAME`: a tag of the caller's session.
    #[must_use]
    pub fn principal_tag(self, name: &str, value: &str) -> Self {
        self.with(Key::PrincipalTag(name.to_owned()), [value.to_owned()])
    }

    /// `s3:ExistingObjectTag/NAME`: a tag that the object (or the version asked for) has now.
    #[must_use]
    pub fn existing_object_tag(self, name: &str, value: &str) -> Self {
        self.with(Key::ExistingObjectTag(name.to_owned()), [value.to_owned()])
    }

    /// `s3:prefix`: the prefix of a listing, when the call names one.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        self.with(Key::Prefix, [prefix.to_owned()])
    }

    /// `dynamodb:LeadingKeys`: the partition key of every item that the call touches.
    #[must_use]
    pub fn leading_keys<Keys: IntoIterator<Item = String>>(self, keys: Keys) -> Self {
        self.with(Key::LeadingKeys, keys)
    }

    /// `aws:SecureTransport`: whether the call came over TLS, as `true` or `false`.
    #[must_use]
    pub fn secure_transport(self, secure: &str) -> Self {
        self.with(Key::SecureTransport, [secure.to_owned()])
    }

    fn with<Values: IntoIterator<Item = String>>(mut self, key: Key, values: Values) -> Self {
        self.values.insert(key, values.into_iter().collect());
        self
    }

    /// The values of a key; none when it is absent.
    pub(super) fn values(&self, key: &Key) -> &[String] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    /// The value of a key that has one.
    pub(super) fn value(&self, key: &Key) -> Option<&str> {
        match self.values(key) {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The condition keys that the lake's endpoints supply. Others cannot be judged here, so a document that names one is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    PrincipalTag(String),
    ExistingObjectTag(String),
    Prefix,
    LeadingKeys,
    SecureTransport,
}

impl Key {
    /// Reads a key, spelled exactly as AWS documents it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tag = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        match text {
            "s3:prefix" => Some(Self::Prefix),
            "dynamodb:LeadingKeys" => Some(Self::LeadingKeys),
            "aws:SecureTransport" => Some(Self::SecureTransport),
            _ => match text.split_once('/')? {
                ("aws:PrincipalTag", name) => tag(name).map(Self::PrincipalTag),
                ("s3:ExistingObjectTag", name) => tag(name).map(Self::ExistingObjectTag),
                _ => None,
            },
        }
    }

    /// How many values a call may have for the key.
    pub(super) fn arity(&self) -> Arity {
        match self {
            Self::LeadingKeys => Arity::Many,
            Self::PrincipalTag(_) | Self::ExistingObjectTag(_) | Self::Prefix | Self::SecureTransport => {
                Arity::One
            }
        }
    }
}

/// Single-valued or multi-valued (*single-valued vs. multivalued context keys*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    One,
    Many,
}
