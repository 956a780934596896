//! Measures staging.
fn main() {}
