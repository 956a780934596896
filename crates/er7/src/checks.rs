//! Checks of single values: dates and times, base64, data types.
