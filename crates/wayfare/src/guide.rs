//! The guide, whose examples are compiled and run as tests of this crate.
