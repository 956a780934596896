//! Each hub event to store and catalog
