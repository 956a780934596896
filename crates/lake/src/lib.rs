//! The lake's words and ports: outcomes, hub events, catalog, object keys, claims, access policy. Pure
