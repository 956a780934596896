use url::form_urlencoded;

/// The parameters of a query or a form, in the order given.
pub(super) struct Parameters(Vec<(String, String)>);

/// A parameter that came more than once (RFC 6749, 3.1 and 3.2, forbid that).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeated;

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// A parameter's value. One sent without a value counts as left out (RFC 6749, 3.1).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut found =
            self.0.iter().filter(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (first, None) => Ok(first.map(String::as_str)),
            (_, Some(_)) => Err(Repeated),
        }
    }

    /// A parameter's value, where one that came more than once is as good as none.
    pub(super) fn only(&self, name: &str) -> Option<&str> {
        self.one(name).ok().flatten()
    }
}

/// A URI with these parameters added to its query.
pub(super) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{uri}{}{}", if uri.contains('?') { '&' } else { '?' }, query.finish())
}
