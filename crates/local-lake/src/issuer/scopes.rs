use std::fmt;

/// What a client may ask for, in this order.
const KNOWN: [&str; 3] = ["openid", "email", "profile"];

/// The scopes of a grant, each once, in a fixed order (RFC 6749, 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scopes(Vec<&'static str>);

impl Scopes {
    /// All that the client is registered for: what a request without `scope` gets, as at Cognito.
    pub(super) fn all() -> Self {
        Self(KNOWN.to_vec())
    }

    /// Reads a `scope` parameter; `None` if it names nothing or something unknown.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let asked: Vec<_> = text.split(' ').filter(|name| !name.is_empty()).collect();
        let known = |name: &&str| KNOWN.contains(name);
        (!asked.is_empty() && asked.iter().all(known))
            .then(|| Self(KNOWN.into_iter().filter(|name| asked.contains(name)).collect()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    pub(super) fn within(&self, other: &Self) -> bool {
        self.0.iter().all(|name| other.has(name))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().copied()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join(" "))
    }
}
