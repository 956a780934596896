//! Who may do what: an evaluator of IAM policy JSON, the same document that the template holds.
