//! SSH connections to servers of others.

pub mod trust;
