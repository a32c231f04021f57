//! What keeps a node from starting, or would hurt it later: each thing looked at once, with what to
//! do. Nothing is waited for, and nothing of a running node is disturbed.

mod doors;
mod folder;
mod services;

use serde::Serialize;
use tokio::runtime::Handle;

use crate::config::{Config, Mode};

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works, and may not do so for long.
    Warn,
    /// A start would not succeed.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    /// What was found, and what it means.
    pub(crate) found: String,
    /// What to do; empty if nothing has to be done.
    pub(crate) advice: String,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, found, "")
    }

    pub(crate) fn warn(
        check: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(check, Verdict::Warn, found, advice)
    }

    pub(crate) fn fail(
        check: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(check, Verdict::Fail, found, advice)
    }

    fn new(
        check: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            check,
            verdict,
            found: found.into(),
            advice: advice.into(),
        }
    }
}

/// Looks at everything that a start with this configuration needs. `running` is what a node that
/// runs on the data folder says of itself.
pub(crate) async fn examine(
    config: &Config,
    mode: Mode,
    running: Option<&str>,
    services: &Handle,
) -> Vec<Finding> {
    let settings = &config.settings;
    let mut findings = folder::examine(settings, running);
    findings.extend(services::coordination(settings, services).await);
    findings.extend(services::storage(settings, services).await);
    findings.extend(doors::examine(config, mode, running.is_some()));
    findings
}
