//! The whole lake in one process on loopback: the ports on SQLite and files, the protocols towards clients

pub mod catalog;
pub mod credentials;
pub mod database;
pub mod objects;
pub mod s3;
pub mod hub;
pub mod ledger;
pub mod payloads;
pub mod store;
pub mod identity;
pub mod issuer;
pub mod randomness;
pub mod users;
