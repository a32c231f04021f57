//! The key that signs tickets: made once, and the same for every run since.

use wayfare_protocol::coordination::{Key, Record};
use wayfare_protocol::records::TicketsRecord;

use super::Report;
use super::rewrite::{Decide, Decision, RecordError, Rewrite};

/// Finds the key, or makes `fresh` the key.
pub(super) fn ticket_key(fresh: [u8; 32]) -> Rewrite<TicketKey> {
    Rewrite::new(TicketsRecord::KEY.into(), TicketKey { fresh })
}

/// The decision about `cluster/tickets`: a key that can be read stays; another is replaced, which
/// costs players a new login.
pub(super) struct TicketKey {
    /// The key if there is none yet; random.
    fresh: [u8; 32],
}

impl Decide for TicketKey {
    type Decided = [u8; 32];

    fn decide(
        &mut self,
        _key: &Key,
        found: Option<&Record>,
    ) -> Result<Decision<[u8; 32]>, RecordError> {
        let mut report = None;
        match found.map(|record| TicketsRecord::decode(&record.value)) {
            Some(Ok(TicketsRecord { key })) => {
                return Ok(Decision {
                    decided: key,
                    value: None,
                    report: None,
                });
            }
            Some(Err(corrupt)) => report = Some(Report::TicketsReplaced(corrupt)),
            None => {}
        }
        Ok(Decision {
            decided: self.fresh,
            value: Some(TicketsRecord { key: self.fresh }.encode()),
            report,
        })
    }
}

#[cfg(test)]
mod tests {
    use wayfare_engine::model::ModelCoordination;

    use super::super::testing::{put, rewritten};
    use super::*;

    fn check(store: &mut ModelCoordination, fresh: u8, expect: u8, reports: usize) {
        let (outcome, reported) = rewritten(ticket_key([fresh; 32]), store);
        assert_eq!(outcome.map(|(key, _)| key), Ok([expect; 32]));
        assert_eq!(reported.len(), reports, "{reported:?}");
    }

    #[test]
    fn the_first_key_stays() {
        let mut store = ModelCoordination::default();
        check(&mut store, 1, 1, 0);
        check(&mut store, 2, 1, 0);
    }

    #[test]
    fn a_key_that_does_not_decode_is_replaced_and_reported() {
        for bytes in [&b"\xff"[..], b"\x0a\x03abc"] {
            let mut store = ModelCoordination::default();
            put(&mut store, TicketsRecord::KEY, bytes);
            check(&mut store, 2, 2, 1);
            check(&mut store, 3, 2, 0);
        }
    }
}
