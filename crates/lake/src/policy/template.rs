/// Fills a string in the form of CloudFormation's `Fn::Sub`: `${Name}` becomes the value of that name, `${!Text}`
/// becomes `${Text}`. The error says what is wrong with it.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${") {
        filled.push_str(before);
        let (name, after) = inner.split_once('}').ok_or_else(|| format!("`{text}` has an open `${{`"))?;
        match name.strip_prefix('!') {
            Some(literal) => {
                filled.push_str("${");
                filled.push_str(literal);
                filled.push('}');
            }
            None => {
                let (_, value) = values.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                    format!("`${{{name}}}` has no value here; a policy variable is written `${{!{name}}}`")
                })?;
                filled.push_str(value);
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
