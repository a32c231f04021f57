//! Sessions of earlier incarnations of this node: those that nobody comes back to end.

use std::time::Duration;

use wayfare_protocol::PlayerId;
use wayfare_protocol::coordination::{Key, Outcome, Reply, Request, Revision};
use wayfare_protocol::records::SessionRecord;
use wayfare_protocol::{Instant, ShardIndex};

use crate::in_flight::Call;
use crate::report::Report;

use super::{GatewayTurn, TimerKey};

/// Records that are given up in one turn; the rest follows.
const AT_ONCE: usize = 100;
const BETWEEN: Duration = Duration::from_millis(100);
/// Until they are listed again, if that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// Records as they were found at the beginning.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    records: Vec<(Key, Revision)>,
    /// They could not be listed.
    unlisted: bool,
    armed: Option<Instant>,
}

impl GatewayTurn<'_> {
    /// Lists the sessions that earlier incarnations left, to end them after their grace.
    pub(crate) fn begin_service(&mut self) {
        // One shard is enough.
        if self.context.config.address.shard == ShardIndex(0) {
            self.context
                .ask(Call::SessionLeftovers, Request::List("session/".into()));
        }
    }

    /// The records of all sessions.
    pub(crate) fn handle_leftovers(&mut self, outcome: Outcome) {
        let records = match outcome {
            Ok(Reply::Listed { records, .. }) => records,
            Ok(_) => return,
            Err(failure) => {
                self.gateway.leftovers.unlisted = true;
                let wake = Some((self.context.now + AGAIN, "sessions of before"));
                self.gateway.timers.arm(
                    TimerKey::Leftovers,
                    &mut self.gateway.leftovers.armed,
                    wake,
                );
                return self.context.out.report(Report::CoordinationFailed(failure));
            }
        };
        for (key, record) in records {
            match SessionRecord::decode(&key, &record.value) {
                Ok(found) if self.context.is_former(&found.gateway) => {
                    self.gateway.leftovers.records.push((key, record.revision));
                }
                Ok(_) => {}
                Err(corrupt) => self.context.out.report(Report::CorruptRecord(corrupt)),
            }
        }
        if !self.gateway.leftovers.records.is_empty() {
            let at = self.context.now + self.context.config.settings.session_grace;
            let wake = Some((at, "sessions of before"));
            self.gateway
                .timers
                .arm(TimerKey::Leftovers, &mut self.gateway.leftovers.armed, wake);
        }
    }

    /// Their grace is over. A record that was taken since has another revision, and stays.
    pub(super) fn end_leftovers(&mut self) {
        self.gateway.leftovers.armed = None;
        if std::mem::take(&mut self.gateway.leftovers.unlisted) {
            return self.begin_service();
        }
        let rest = self.gateway.leftovers.records.len().saturating_sub(AT_ONCE);
        for (key, revision) in self.gateway.leftovers.records.split_off(rest) {
            let player = key
                .strip_prefix("session/")
                .and_then(|id| id.parse::<PlayerId>().ok());
            let here = player.is_some_and(|player| self.gateway.by_player.contains_key(&player));
            if !here {
                self.context.release(key, revision);
            }
        }
        if rest > 0 {
            let wake = Some((self.context.now + BETWEEN, "sessions of before"));
            self.gateway
                .timers
                .arm(TimerKey::Leftovers, &mut self.gateway.leftovers.armed, wake);
        }
    }
}
