//! Reading a lake's bucket and catalog under a session's rights.

pub use lake_aws::{
    CatalogReader, Clients, Entry, HeadPage, IdTokens, Listed, NoToken, ObjectBody, ObjectFacts, ObjectPage,
    Objects, PageToken, ReadFault,
};
