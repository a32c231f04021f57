//! Placeholder until its first step.
