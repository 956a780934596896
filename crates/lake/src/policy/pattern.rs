use super::context::{Arity, Context, Key};

/// A string of a policy that is compared with one of a call: text, wildcards and policy variables.
/// The value of a variable is text: a `*` in it is an asterisk and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `*`: any run of characters, also none.
    Run,
    /// `?`: any one character.
    One,
    Variable(Key),
}

/// What a wildcard stands for where a string is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// `*` and `?` match other characters.
    Match,
    /// `*` and `?` are themselves.
    AreText,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(super) fn parse(text: &str, wildcards: Wildcards) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?', '$']) {
            let (before, special) = rest.split_at(at);
            push_text(&mut pieces, before);
            if let Some(inner) = special.strip_prefix("${") {
                let (name, after) =
                    inner.split_once('}').ok_or_else(|| format!("`{text}` has an open `${{`"))?;
                match name {
                    "*" | "?" | "$" => push_text(&mut pieces, name),
                    _ => pieces.push(Piece::Variable(variable(name)?)),
                }
                rest = after;
                continue;
            }
            let mut characters = special.chars();
            match (characters.next(), wildcards) {
                (Some('*'), Wildcards::Match) => pieces.push(Piece::Run),
                (Some('?'), Wildcards::Match) => pieces.push(Piece::One),
                (Some(other), _) => push_text(&mut pieces, other.encode_utf8(&mut [0; 4])),
                (None, _) => {}
            }
            rest = characters.as_str();
        }
        push_text(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// Whether the whole of `text` is of this pattern. A pattern with a variable that the call has no value for matches nothing.
    pub(super) fn matches(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|tokens| glob(&tokens, &text.chars().collect::<Vec<_>>()))
    }

    fn resolve(&self, context: &Context) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => tokens.extend(text.chars().map(Token::Is)),
                Piece::Run => tokens.push(Token::Run),
                Piece::One => tokens.push(Token::One),
                Piece::Variable(key) => tokens.extend(context.value(key)?.chars().map(Token::Is)),
            }
        }
        Some(tokens)
    }
}

/// The `Action` or `NotAction` of a statement. Actions are compared without regard to case.
#[derive(Clone, Debug)]
pub(super) enum Actions {
    These(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

impl Actions {
    pub(super) fn cover(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let among = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(&action, &Context::new()));
        match self {
            Self::These(patterns) => among(patterns),
            Self::AllBut(patterns) => !among(patterns),
        }
    }
}

/// Reads one pattern of actions: `SERVICE:NAME`, both with wildcards, or `*` alone; no variables.
pub(super) fn parse_action(text: &str) -> Result<Pattern, String> {
    if text.contains('$') {
        return Err(format!("`{text}`: an action has no variables"));
    }
    if text != "*" && !text.contains(':') {
        return Err(format!("`{text}` is not SERVICE:ACTION"));
    }
    Pattern::parse(&text.to_ascii_lowercase(), Wildcards::Match)
}

fn variable(name: &str) -> Result<Key, String> {
    let key = Key::parse(name).ok_or_else(|| {
        format!("`${{{name}}}` is not a variable that is known here (defaults are not either)")
    })?;
    match key.arity() {
        Arity::One => Ok(key),
        Arity::Many => Err(format!("`${{{name}}}` has many values and cannot be a variable")),
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Piece::Text(before)) = pieces.last_mut() {
        before.push_str(text);
    } else {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Is(char),
    One,
    Run,
}

/// Matches with one point of return, the last `*`: what an earlier one took never has to be given back.
/// So the work is at most tokens times characters, whatever the input.
fn glob(tokens: &[Token], text: &[char]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    loop {
        match (tokens.get(token), text.get(at)) {
            (None, None) => return true,
            (Some(Token::Run), _) => {
                last_run = Some((token, at));
                token += 1;
            }
            (Some(Token::One), Some(_)) => {
                token += 1;
                at += 1;
            }
            (Some(Token::Is(wanted)), Some(found)) if wanted == found => {
                token += 1;
                at += 1;
            }
            _ => match last_run {
                Some((run, from)) if from < text.len() => {
                    last_run = Some((run, from + 1));
                    token = run + 1;
                    at = from + 1;
                }
                _ => return false,
            },
        }
    }
}
