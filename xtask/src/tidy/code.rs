//! Rust text with its comments and literals blanked out, so that a rule about code never trips over words.

/// The same text, line for line and byte for byte, with blanks for everything in comments, strings and characters.
pub(crate) fn without_words(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let follows_a_word =
            code.last().is_some_and(|byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_');
        match words(rest, follows_a_word) {
            Some(length) => {
                let blanked = rest.iter().take(length);
                code.extend(blanked.map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
                at += length;
            }
            None => {
                code.extend(rest.first());
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// The length of the comment or literal that begins here, if one does.
fn words(rest: &[u8], follows_a_word: bool) -> Option<usize> {
    match rest {
        [b'/', b'/', ..] => Some(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(block_comment(rest)),
        [b'"', ..] => Some(quoted(rest)),
        [b'b' | b'c', b'"', tail @ ..] if !follows_a_word => Some(2 + quoted_tail(tail)),
        [b'r', ..] if !follows_a_word => raw_string(rest, 1),
        [b'b' | b'c', b'r', ..] if !follows_a_word => raw_string(rest, 2),
        [b'\'', ..] => character(rest),
        _ => None,
    }
}

/// Block comments nest (Rust reference, "Comments").
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        let step = match tail {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth = depth.saturating_sub(1);
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    1 + quoted_tail(rest.get(1..).unwrap_or_default())
}

/// The bytes up to and with the closing quote.
fn quoted_tail(tail: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in tail.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    tail.len()
}

fn raw_string(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest.get(prefix..)?.iter().take_while(|byte| **byte == b'#').count();
    let opening = prefix + hashes;
    if rest.get(opening) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let body = rest.get(opening + 1..)?;
    let length = body.windows(closing.len()).position(|window| window == closing);
    Some(length.map_or(rest.len(), |length| opening + 1 + length + closing.len()))
}

/// A character, not a lifetime: the closing quote follows one character, or an escape.
fn character(rest: &[u8]) -> Option<usize> {
    match rest {
        [_, b'\\', _, tail @ ..] => Some(3 + tail.iter().position(|byte| *byte == b'\'')? + 1),
        _ => {
            let text = std::str::from_utf8(rest.get(1..rest.len().min(6))?);
            let first = match text {
                Ok(text) => text.chars().next()?,
                Err(error) => {
                    std::str::from_utf8(rest.get(1..1 + error.valid_up_to())?).ok()?.chars().next()?
                }
            };
            let end = 1 + first.len_utf8();
            (rest.get(end) == Some(&b'\'')).then_some(end + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_blanked_and_code_stays() {
        let cases = [
            ("a // unwrap()\nb", "a            \nb"),
            ("a /* x /* y */ z */ b", "a                   b"),
            ("f(\"a \\\" b\")", "f(        )"),
            ("f(r#\"a \" b\"#)", "f(          )"),
            ("f(b\"ab\")", "f(     )"),
            ("f(b'\\n', '\\'', '\"')", "f(b    ,     ,    )"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("'ä' + 'b'", "     +    "),
            ("for r in rows {}", "for r in rows {}"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_words(text), expected, "of {text}");
        }
    }

    #[test]
    fn what_never_closes_ends_with_the_text() {
        for text in ["/* open", "\"open", "r##\"open\"#", "'", "b\"", "'\\", "r#"] {
            assert_eq!(without_words(text).len(), text.len(), "every byte is kept or blanked: {text}");
        }
    }
}
