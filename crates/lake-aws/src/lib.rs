//! The client side of S3, DynamoDB and Cognito Identity, at any endpoint: AWS's own, or a local lake's.
//!
//! A steward's reads only: what a session may see is decided by the lake (temporary credentials whose principal tags
//! the policies compare), never here.

mod catalog;
mod clients;
mod credentials;
mod objects;

pub use catalog::{CatalogReader, Entry, HeadPage, PageToken};
pub use clients::{Clients, ReadFault};
pub use credentials::{IdTokens, NoToken};
pub use objects::{Listed, ObjectBody, ObjectFacts, ObjectPage, Objects};
