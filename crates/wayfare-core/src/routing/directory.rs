//! The directory: a shard's hints about who owns which entity, and where a message goes by them.
//!
//! A hint is learnt from records, steps and [`NotOwner`](crate::peer::NotOwner). Nothing is decided by
//! one: a shard that gets a message for an entity that it does not hold reads the record before it
//! opens the entity or refuses. So a stale hint costs a hop, and no promise.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_protocol::coordination::{Outcome, Reply};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::{Address, EntityId, Instant};

use crate::cluster::placement::place;
use crate::context::Context;
use crate::peer::{Change, Item, Step, ToEntity};
use crate::report::Report;
use crate::way_out::WayOut;

use super::undeliverable::{Undeliverable, bounce};

/// Shards that a message may be forwarded to before it is refused: nodes that disagree must not
/// forward it in circles.
const HOPS_MAX: u8 = 4;
/// Shards that a message is sent to by hints. Behind them it goes by records only.
const HINTED_HOPS_MAX: u8 = 2;
/// Hints of one generation; there are two. With a name of 50 bytes a hint takes about 200.
const GENERATION_MAX: usize = 8192;
/// The time after which a hint is not followed any more, so that a stale one that nobody corrects
/// does not cost a hop for good.
const KEPT: Duration = Duration::from_secs(60);

/// The hints of one shard about entities of other shards.
///
/// The least recently used go first, by halves: a hint that is used moves to the young ones, and when
/// there are too many of those, the old ones are dropped.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    young: BTreeMap<EntityId, Hint>,
    old: BTreeMap<EntityId, Hint>,
}

#[derive(Clone, Debug)]
struct Hint {
    owner: Address,
    until: Instant,
}

impl Directory {
    /// Learns that `owner` owns this entity, or did a moment ago.
    pub(crate) fn learn(&mut self, entity: &EntityId, owner: &Address, context: &Context) {
        if context.is_here(owner) {
            return self.forget(entity);
        }
        let owner = owner.clone();
        let until = context.now + KEPT;
        self.insert(entity.clone(), Hint { owner, until });
    }

    /// Learns from the step by which a session of this shard is attached to a room.
    pub(crate) fn learn_from_step(&mut self, step: &Step, context: &Context) {
        let attaches = |item: &Item| match item {
            Item::Session { change, .. } => matches!(change, Change::Attach(_)),
            Item::Frames { .. } => false,
        };
        if !context.is_here(&step.owner) && step.items.iter().any(attaches) {
            self.learn(&step.entity, &step.owner, context);
        }
    }

    /// The other shard to which a message goes that is for an entity which is not held here: its
    /// owner, by what is known, or the shard that opens it if nobody owns it. `None` if the message
    /// stays here, and is treated as the record says.
    pub(crate) fn next_hop(
        &mut self,
        message: &mut ToEntity,
        context: &Context,
    ) -> Option<Address> {
        let (entity, hops) = message.route()?;
        if *hops >= HINTED_HOPS_MAX {
            return None;
        }
        let hint = self.find(entity, context);
        let placed = || place(entity, &context.config.shards).cloned();
        let to = hint.or_else(|| if *hops == 0 { placed() } else { None });
        *hops += 1;
        to.filter(|to| !context.is_here(to))
    }

    fn find(&mut self, entity: &EntityId, context: &Context) -> Option<Address> {
        let hint = match self.young.get(entity) {
            Some(hint) => hint.clone(),
            None => {
                let hint = self.old.remove(entity)?;
                self.insert(entity.clone(), hint.clone());
                hint
            }
        };
        if hint.until <= context.now || context.is_former(&hint.owner) {
            self.forget(entity);
            return None;
        }
        Some(hint.owner)
    }

    fn insert(&mut self, entity: EntityId, hint: Hint) {
        self.young.insert(entity, hint);
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
    }

    fn forget(&mut self, entity: &EntityId) {
        self.young.remove(entity);
        self.old.remove(entity);
    }
}

/// Forwards a message to the shard that owns its entity, within the limit of hops.
pub(crate) fn forward(to: &Address, mut message: ToEntity, out: &mut WayOut) {
    if let Some((_, hops)) = message.route() {
        *hops += 1;
        if *hops > HOPS_MAX {
            let why = "the entity's owner cannot be found now";
            return bounce(message, Undeliverable::Unavailable(why), out);
        }
    }
    out.post(to, message);
}

/// The live owner of an entity, by the answer to a read of its record; `None` if it has none.
///
/// # Errors
/// If coordination does not say; the failure is reported.
pub(crate) fn owner_of(
    entity: &EntityId,
    outcome: Outcome,
    context: &mut Context,
) -> Result<Option<Address>, ()> {
    let record = match outcome {
        Ok(Reply::Got { record, .. }) => record,
        Ok(_) => return Err(()),
        Err(failure) => {
            context.out.report(Report::CoordinationFailed(failure));
            return Err(());
        }
    };
    let Some(record) = record else {
        return Ok(None);
    };
    match EntityRecord::decode(&EntityRecord::key(entity), &record.value) {
        // Who opens the entity reports that, and takes it over.
        Err(_) => Ok(None),
        Ok(record) => Ok((!context.is_former(&record.owner)).then_some(record.owner)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

    use super::*;
    use crate::game::{Caller, Kinds};
    use crate::peer::Request;
    use crate::stub_config::stub_config;

    fn address(incarnation: u64, shard: u16) -> Address {
        Address {
            node: NodeId::new("n1").unwrap(),
            incarnation: Incarnation(incarnation),
            shard: ShardIndex(shard),
        }
    }

    /// Shard 0 of three, in the second run of its node.
    fn context() -> Context {
        let config = stub_config(2, (0, 3));
        let rng = ChaCha8Rng::from_seed([0; 32]);
        Context::new(config, Kinds::default(), rng, Instant::ORIGIN)
    }

    fn entity(key: &str) -> EntityId {
        EntityId::new("counter", key).unwrap()
    }

    fn request(entity: &EntityId, hops: u8) -> ToEntity {
        let caller = Caller {
            entity: entity.clone(),
            ask: 1,
        };
        ToEntity::Request(Box::new(Request {
            entity: entity.clone(),
            caller,
            payload: Bytes::new(),
            due: Instant::ORIGIN,
            hops,
        }))
    }

    /// An entity that is placed on this shard.
    fn placed_on(shard: u16, context: &Context) -> EntityId {
        let mut names = (0..100).map(|number| entity(&number.to_string()));
        let here = address(2, shard);
        let found = names.find(|it| place(it, &context.config.shards) == Some(&here));
        found.expect("one of a hundred")
    }

    #[test]
    fn a_message_goes_by_hint_then_by_place_then_by_record() {
        let context = context();
        let check = |placed, hint: Option<Address>, hops, expect: Option<Address>| {
            let entity = placed_on(placed, &context);
            let mut directory = Directory::default();
            if let Some(hint) = &hint {
                directory.learn(&entity, hint, &context);
            }
            let mut message = request(&entity, hops);
            let next = directory.next_hop(&mut message, &context);
            assert_eq!(next, expect, "placed {placed}, {hint:?}, {hops} hops");
            let (_, after) = message.route().unwrap();
            assert_eq!(*after, HINTED_HOPS_MAX.min(hops + 1));
        };
        check(0, None, 0, None);
        check(1, None, 0, Some(address(2, 1)));
        check(0, Some(address(2, 2)), 0, Some(address(2, 2)));
        check(1, Some(address(2, 2)), 0, Some(address(2, 2)));
        // Behind the first shard it goes by what that one knows.
        check(1, None, 1, None);
        check(1, Some(address(2, 2)), 1, Some(address(2, 2)));
        check(1, Some(address(2, 2)), 2, None);
        // An owner of an earlier run owns nothing, and one's own entities are no hint.
        check(1, Some(address(1, 2)), 0, Some(address(2, 1)));
        check(1, Some(address(2, 0)), 0, Some(address(2, 1)));
    }

    #[test]
    fn a_hint_is_followed_for_a_while() {
        let mut context = context();
        let entity = placed_on(1, &context);
        let mut directory = Directory::default();
        directory.learn(&entity, &address(2, 2), &context);
        let mut check = |context: &Context, expect| {
            let next = directory.next_hop(&mut request(&entity, 0), context);
            assert_eq!(next, Some(address(2, expect)));
        };
        check(&context, 2);
        context.now = Instant::ORIGIN + KEPT - Duration::from_nanos(1);
        check(&context, 2);
        context.now = Instant::ORIGIN + KEPT;
        check(&context, 1);
    }

    #[test]
    fn hints_are_bounded_and_those_in_use_stay() {
        let context = context();
        let mut directory = Directory::default();
        let used = entity("used");
        directory.learn(&used, &address(2, 2), &context);
        for number in 0..5 * GENERATION_MAX {
            let other = entity(&number.to_string());
            directory.learn(&other, &address(2, 1), &context);
            assert!(directory.young.len() + directory.old.len() <= 2 * GENERATION_MAX);
            if number % 1000 == 0 {
                assert_eq!(directory.find(&used, &context), Some(address(2, 2)));
            }
        }
        assert_eq!(directory.find(&entity("0"), &context), None);
    }

    #[test]
    fn a_message_that_was_forwarded_too_often_is_refused() {
        let mut context = context();
        let entity = entity("a");
        let owner = address(2, 1);
        forward(&owner, request(&entity, HOPS_MAX - 1), &mut context.out);
        assert!(context.out.local.is_empty());
        assert_eq!(context.out.outputs.len(), 1);
        forward(&owner, request(&entity, HOPS_MAX), &mut context.out);
        assert_eq!((context.out.local.len(), context.out.outputs.len()), (1, 1));
    }
}
