mod authorizing;
mod forged;
mod pages;
mod passwords;
mod refreshing;
pub(crate) mod support;
mod tokens;
