//! Leftovers of earlier incarnations of this node: entities that storage keeps are restored.

use std::time::Duration;
use wayfare_protocol::EntityId;

use wayfare_protocol::coordination::{Outcome, Reply, Request};
use wayfare_protocol::records::EntityRecord;

use crate::cluster::placement::place;
use crate::context::Context;
use crate::in_flight::Call;
use crate::report::Report;

use super::Entities;
use super::acquisition::Purpose;

/// Entities that are brought back at once: enough to keep storage busy, few enough that who comes
/// back meanwhile does not wait behind all of them.
const AT_ONCE: usize = 64;
/// Until what could not be read, or listed, is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Entities {
    /// Lists what earlier incarnations left, to restore it.
    pub(crate) fn begin_service(&self, context: &mut Context) {
        context.ask(Call::Leftovers, Request::List("entity/".into()));
    }

    /// The records of all entities.
    pub(crate) fn handle_leftovers(&mut self, outcome: Outcome, context: &mut Context) {
        let records = match outcome {
            Ok(Reply::Listed { records, .. }) => records,
            Ok(_) => return,
            Err(failure) => {
                self.list_at = Some(context.now + AGAIN);
                return context.out.report(Report::CoordinationFailed(failure));
            }
        };
        for (key, record) in records {
            let entity = key
                .strip_prefix("entity/")
                .and_then(|id| id.parse::<EntityId>().ok());
            let Some(entity) = entity else { continue };
            let owner = match EntityRecord::decode(&key, &record.value) {
                Ok(found) => found.owner,
                Err(corrupt) => {
                    context.out.report(Report::CorruptRecord(corrupt));
                    continue;
                }
            };
            let placed = place(&entity, &context.config.shards);
            let ours = placed.is_some_and(|shard| context.is_here(shard));
            if !ours || !context.is_former(&owner) {
                continue;
            }
            match context.kinds.of(&entity) {
                Some(kind) if kind.settings.is_kept() => self.leftovers.push_back(entity),
                // Its state was lost with its incarnation.
                Some(_) => context.release(key, record.revision),
                // A kind that this game does not have may be another version's.
                None => {}
            }
        }
        self.restore_leftovers(context);
    }

    /// Asks again for what was left, if it is time.
    pub(super) fn list_again(&mut self, context: &mut Context) {
        if self.list_at.is_some_and(|at| at <= context.now) {
            self.list_at = None;
            self.begin_service(context);
        }
    }

    /// Restores an entity later that cannot be read now: its timers must not wait for a visitor.
    pub(super) fn restore_later(&mut self, entity: &EntityId, context: &Context) {
        self.leftovers.push_back(entity.clone());
        self.leftovers_at = Some(context.now + AGAIN);
    }

    /// Brings back the next of what was left.
    pub(super) fn restore_leftovers(&mut self, context: &mut Context) {
        if self.leftovers_at.is_some_and(|at| at > context.now) {
            return;
        }
        self.leftovers_at = None;
        while self.acquiring.len() < AT_ONCE
            && let Some(entity) = self.leftovers.pop_front()
        {
            if self.by_name.contains_key(&entity) || self.acquiring.contains_key(&entity) {
                continue;
            }
            if let Some(kind) = context.kinds.of(&entity).cloned() {
                self.acquire(&entity, (kind, Purpose::ComeBack), Vec::new(), context);
            }
        }
    }
}
