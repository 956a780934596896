//! Prepare and parse each ingested ER7 message; stage it, or say why not
