//! The whole lake in one process on loopback: the ports on SQLite and files, the protocols towards clients.
//!
//! [`LocalLake::start`] opens a data folder and serves three listeners: front door, OpenID Connect and identity pool on
//! one port, S3 on the next, DynamoDB on the one after. What AWS enforces is enforced: signed calls, verified tokens, the
//! same policy document that the template holds.

pub mod catalog;
pub mod credentials;
pub mod database;
pub mod dynamodb;
mod folder;
pub mod hub;
pub mod identity;
pub mod issuer;

pub mod ledger;
mod local;
pub mod objects;
pub mod payloads;
pub mod randomness;
pub mod s3;
mod serve;
pub mod signature;
pub mod store;
pub mod users;

pub use folder::{Announcement, DataFolder, FolderProblem};
pub use local::{
    BUCKET, CATALOG, DEFAULT_PORT, LocalLake, Options, StartProblem, Started, SystemClock, TRANSIENT_BUCKET,
};
pub use serve::PortProblem;
