//! Who may do what: an evaluator of IAM policy JSON, the same document that the template holds.
//!
//! It knows the part of the IAM policy language (version 2012-10-17, *IAM JSON policy element reference*) that
//! `infra/steward-policy.json` uses and refuses to guess at the rest: an element, operator, condition key or variable that
//! it does not know is a [`PolicyFault`] when the document is read, never silence when a call is judged.
//!
//! # One document, two readers
//! The strings of the file are written in the form of CloudFormation's `Fn::Sub`: `${LakeBucketArn}` and
//! `${CatalogTableArn}` are placeholders for ARNs, and what must reach IAM as a policy variable carries an exclamation
//! mark (`${!aws:PrincipalTag/read}`). The template wraps each such string in `Fn::Sub`; [`steward_policy`] fills it in
//! the same way.

mod condition;
mod context;
mod document;
mod pattern;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use condition::Condition;
use pattern::{Actions, Pattern};

pub use context::Context;
pub use document::PolicyFault;

/// What stewards may do, as the template holds it too (DESIGN: "who may do what").
pub const STEWARD_POLICY: &str = include_str!("../../../../infra/steward-policy.json");

/// The stewards' policy for one lake.
///
/// # Errors
/// [`PolicyFault`] when the document is not one that this evaluator understands in full.
pub fn steward_policy(lake_bucket_arn: &str, catalog_table_arn: &str) -> Result<Policy, PolicyFault> {
    Policy::parse_template(
        STEWARD_POLICY,
        &[("LakeBucketArn", lake_bucket_arn), ("CatalogTableArn", catalog_table_arn)],
    )
}

/// An identity-based policy.
#[derive(Clone, Debug)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// One call to judge.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The IAM action, `s3:GetObject`.
    pub action: &'a str,
    /// The ARN it is done to.
    pub resource: &'a str,
    /// What else is known of the call.
    pub context: &'a Context,
}

/// What a policy says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it, whatever else allows it.
    DeniedBy {
        /// The statement, by its `Sid` or place.
        statement: String,
    },
    /// No statement allows it.
    NotAllowed,
}

impl Decision {
    /// Whether the call may go on.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => out.write_str("allowed"),
            Self::DeniedBy { statement } => write!(out, "denied by statement {statement}"),
            Self::NotAllowed => out.write_str("no statement allows it"),
        }
    }
}

impl Policy {
    /// Reads an IAM policy document as IAM itself holds it.
    ///
    /// # Errors
    /// [`PolicyFault`], with the statement, for anything that this evaluator does not understand in full.
    pub fn parse(json: &str) -> Result<Self, PolicyFault> {
        document::read(json, |text| Ok(text.to_owned()))
    }

    /// Reads a policy document whose strings are in the form of `Fn::Sub`, with a value for each placeholder.
    ///
    /// # Errors
    /// As [`Policy::parse`]; also for a placeholder without a value.
    pub fn parse_template(json: &str, values: &[(&str, &str)]) -> Result<Self, PolicyFault> {
        document::read(json, |text| template::fill(text, values))
    }

    /// Judges a call: an explicit deny wins, then any allow, else it is not allowed (*policy evaluation logic*).
    pub fn allows(&self, request: &Request<'_>) -> Decision {
        let mut decision = Decision::NotAllowed;
        for statement in self.statements.iter().filter(|statement| statement.applies(request)) {
            match statement.effect {
                Effect::Deny => return Decision::DeniedBy { statement: statement.name.clone() },
                Effect::Allow => decision = Decision::Allowed,
            }
        }
        decision
    }
}

#[derive(Clone, Debug)]
struct Statement {
    name: String,
    effect: Effect,
    actions: Actions,
    resources: Vec<Pattern>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

impl Statement {
    fn applies(&self, request: &Request<'_>) -> bool {
        self.actions.cover(request.action)
            && self.resources.iter().any(|resource| resource.matches(request.resource, request.context))
            && self.conditions.iter().all(|condition| condition.holds(request.context))
    }
}
