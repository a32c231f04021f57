//! The incarnation of a run: above every earlier one of its node, whatever the clock says.

use std::time::Duration;

use wayfare_protocol::coordination::{Key, Record};
use wayfare_protocol::records::NodeRecord;
use wayfare_protocol::{Incarnation, NodeId};

use super::Report;
use super::rewrite::{Decide, Decision, RecordError, Rewrite};

/// Writes the next incarnation into the node's record.
pub(super) fn enrol(node: &NodeId, version: String, wall: Duration) -> Rewrite<NextIncarnation> {
    let key = NodeRecord::key(node);
    Rewrite::new(key, NextIncarnation { version, wall })
}

/// The decision about `node/<id>`. The wall clock makes incarnations telling, and keeps them growing
/// where the record was lost; a clock that stepped back does no harm.
pub(super) struct NextIncarnation {
    version: String,
    /// Since 1970, by a clock that may be wrong.
    wall: Duration,
}

impl Decide for NextIncarnation {
    type Decided = Incarnation;

    fn decide(
        &mut self,
        key: &Key,
        found: Option<&Record>,
    ) -> Result<Decision<Incarnation>, RecordError> {
        let mut report = None;
        let stored = match found.map(|record| NodeRecord::decode(key, &record.value)) {
            None => 0,
            Some(Ok(record)) => record.incarnation.0,
            Some(Err(corrupt)) => {
                report = Some(Report::IncarnationUnreadable(corrupt));
                0
            }
        };
        let next = stored.checked_add(1);
        let next = next.ok_or_else(|| RecordError::Exhausted { key: key.clone() })?;
        // A clock beyond the year 2554 counts as none.
        let wall = u64::try_from(self.wall.as_nanos()).unwrap_or(0);
        let incarnation = Incarnation(next.max(wall));
        let record = NodeRecord {
            incarnation,
            version: self.version.clone(),
        };
        Ok(Decision {
            decided: incarnation,
            value: Some(record.encode()),
            report,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wayfare_engine::model::ModelCoordination;

    use super::super::testing::{put, rewritten};
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn next(store: &mut ModelCoordination, wall: Duration) -> Result<u64, RecordError> {
        let node = NodeId::new("n1").unwrap();
        let (outcome, _) = rewritten(enrol(&node, "0.1.0".into(), wall), store);
        outcome.map(|(incarnation, _)| incarnation.0)
    }

    #[test]
    fn each_run_is_above_the_one_before_whatever_the_clock_says() {
        let mut store = ModelCoordination::default();
        let first = next(&mut store, 10 * DAY).unwrap();
        assert_eq!(u128::from(first), (10 * DAY).as_nanos());
        let later = next(&mut store, 20 * DAY).unwrap();
        assert_eq!(u128::from(later), (20 * DAY).as_nanos());
        for (wall, expect) in [DAY, Duration::ZERO, Duration::MAX, 20 * DAY]
            .into_iter()
            .zip(1..)
        {
            assert_eq!(next(&mut store, wall), Ok(later + expect), "{wall:?}");
        }
    }

    #[test]
    fn a_record_that_does_not_decode_is_numbered_by_the_clock() {
        let mut store = ModelCoordination::default();
        put(&mut store, "node/n1", b"\xff");
        let node = NodeId::new("n1").unwrap();
        let (outcome, reports) = rewritten(enrol(&node, "0.1.0".into(), DAY), &mut store);
        let (incarnation, revision) = outcome.unwrap();
        assert_eq!(u128::from(incarnation.0), DAY.as_nanos());
        assert_eq!(revision, store.revision());
        assert!(
            matches!(&reports[..], [Report::IncarnationUnreadable(_)]),
            "{reports:?}"
        );
    }

    #[test]
    fn the_highest_incarnation_is_the_end() {
        let mut store = ModelCoordination::default();
        let record = NodeRecord {
            incarnation: Incarnation(u64::MAX),
            version: String::new(),
        };
        let bytes: Bytes = record.encode();
        put(&mut store, "node/n1", &bytes);
        let refused = next(&mut store, DAY);
        assert!(
            matches!(refused, Err(RecordError::Exhausted { .. })),
            "{refused:?}"
        );
    }
}
