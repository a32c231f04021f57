//! Checks of everything that could keep a node from starting or harm it later, each with advice. A
//! check does not wait for a service and does not disturb a running node.

mod doors;
mod folder;
#[cfg_attr(not(feature = "services"), path = "remote_services_absent.rs")]
mod remote_services;
mod services;

use serde::Serialize;
use tokio::runtime::Handle;

use crate::config::{Config, Mode};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works now, but may fail later.
    Warn,
    /// A start would fail.
    Fail,
}

/// The result of a check with its explanation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// The name of the check.
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    /// The facts found, and what they mean.
    pub(crate) found: String,
    /// Advice; empty if nothing has to be done.
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

/// Checks everything that a start with this configuration needs. `running` is the readiness answer
/// of a node that runs on the data folder.
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
