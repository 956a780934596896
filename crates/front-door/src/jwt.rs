//! ID tokens.
