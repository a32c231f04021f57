//! `doctor`: checks everything that a start needs, without starting.

use anyhow::bail;
use clap::Args;
use hyper::Method;
use serde_json::json;
use tokio::runtime::Builder;

use super::client::Node;
use super::say;
use crate::admin::socket::{self, DataFolder};
use crate::config::{Config, Inputs, Mode, SettingFlags};
use crate::doctor::{self, Finding, Verdict};
use crate::game::Game;

/// The arguments of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct Doctor {
    /// Check for `dev` instead of `serve`
    #[arg(long)]
    dev: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// The settings that the start would get on its command line.
    #[command(flatten)]
    flags: SettingFlags,
}

pub(super) fn run(game: &Game, command: &Doctor) -> anyhow::Result<()> {
    let mode = match command.dev {
        true => Mode::Dev,
        false => Mode::Serve,
    };
    let findings = look(game, mode, &command.flags)?;
    let failed = findings.iter().filter(|it| it.verdict == Verdict::Fail);
    let failed = failed.count();
    match command.json {
        true => {
            let answer = json!({ "ok": failed == 0, "findings": findings });
            say(&serde_json::to_string_pretty(&answer)?)?;
        }
        false => {
            let lines: Vec<String> = findings.iter().map(in_words).collect();
            say(&lines.join("\n"))?;
        }
    }
    match failed {
        0 => Ok(()),
        1 => bail!("one problem must be solved before a node can start"),
        several => bail!("{several} problems must be solved before a node can start"),
    }
}

fn look(game: &Game, mode: Mode, flags: &SettingFlags) -> anyhow::Result<Vec<Finding>> {
    let config = match Config::load(&Inputs::of_process(mode, flags), &game.kinds) {
        Ok(config) => config,
        Err(refused) => {
            let problems = refused.0.iter();
            let fail = |problem: &dyn ToString| {
                let advice = "`config show` lists every setting with where it comes from";
                Finding::fail("settings", problem.to_string(), advice)
            };
            return Ok(problems.map(|problem| fail(problem)).collect());
        }
    };
    let mut findings = vec![Finding::ok("settings", "they are understood")];
    let warnings = config.warnings.iter();
    findings.extend(warnings.map(|warning| Finding::warn("settings", warning, "")));
    let data = &config.settings.data;
    let running = (socket::path_in(data).exists() && !is_idle(data)).then(|| {
        let node = Node::Local { data: data.clone() };
        let said = node.words(&Method::GET, "/readyz");
        said.unwrap_or_else(|error| format!("nothing ({error:#})"))
    });
    let services = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let handle = services.handle();
    let looking = doctor::examine(&config, mode, running.as_deref(), handle);
    findings.extend(services.block_on(looking));
    services.shutdown_background();
    Ok(findings)
}

fn is_idle(data: &std::path::Path) -> bool {
    matches!(DataFolder::take_idle(data), Ok(Some(_)))
}

fn in_words(finding: &Finding) -> String {
    let mark = match finding.verdict {
        Verdict::Ok => "ok  ",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    let line = format!("{mark}  {:13} {}", finding.check, finding.found);
    match finding.advice.is_empty() {
        true => line,
        false => format!("{line}\n{:20}→ {}", "", finding.advice),
    }
}
