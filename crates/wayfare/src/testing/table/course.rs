//! What happens at a table beside what players do: time, futures, storage, the loss of
//! the node; and what there is to see of the room.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::operator::RoomDetail;

use super::Table;
use crate::Room;
use crate::testing::state;

impl<R: Room> Table<R> {
    /// Lets time pass: ticks, notes and graces in between happen at their exact times, and futures
    /// of [`run`](crate::Surroundings::run) run as far as they go, at first and whenever something
    /// happened. Clients that are connected stay so.
    pub fn advance(&mut self, time: Duration) {
        self.driver.advance(time);
        self.check_recovery();
    }

    /// Runs the futures that handlers started with [`run`](crate::Surroundings::run), and brings
    /// the room their notes. Until this or [`Table::advance`] they wait. A future has the table's
    /// documents, and nothing else to wait for: no sockets, no timers, no other thread.
    pub fn run_futures(&mut self) {
        self.driver.run_futures();
        self.check_recovery();
    }

    /// Loses all futures that are under way: their rooms get the lost notes.
    pub fn lose_futures(&mut self) {
        self.driver.lose_futures();
        self.check_recovery();
    }

    /// The node is lost, as by a kill -9, and another begins with what was stored: everything in
    /// memory is gone, and all connections. Rooms of which something is kept are recovered; futures
    /// under way are lost, and a room that is recovered gets their lost notes. Players come back
    /// with [`Table::resume`].
    pub fn crash(&mut self) {
        self.driver.crash();
    }

    /// The document of this name, as futures of the room would read it.
    ///
    /// # Panics
    /// If it is no `T`.
    pub fn document<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.driver.document(name)
    }

    /// Puts a document there, whatever was there before: what the game finds.
    ///
    /// # Panics
    /// If it does not encode.
    pub fn put_document<T: Serialize>(&mut self, name: &str, value: &T) {
        self.driver.put_document(name, value);
    }

    /// All records of a game log.
    ///
    /// # Panics
    /// If they are no `T`s.
    pub fn log<T: DeserializeOwned>(&self, log: &str) -> Vec<T> {
        self.driver.log(log)
    }

    /// The room's state as of its last handler. It has been through a snapshot, so that what would
    /// not survive a move is missing here too.
    ///
    /// # Panics
    /// If there is no room: nobody joined yet, or it closed.
    pub fn state(&mut self) -> R {
        assert!(
            self.room().is_some(),
            "there is no room: it opens when somebody joins"
        );
        state::typed(&self.latest, self.form, R::VERSION)
    }

    /// What an operator sees of the room: members, properties, whether it is locked. `None` if
    /// there is no room.
    pub fn room(&mut self) -> Option<RoomDetail> {
        self.driver.room(&self.room)
    }

    /// What handlers panicked with since the table was laid, each as `handler: message`, and why states
    /// could not be kept, as `state: why`.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.driver.panics
    }
}
