//! A map by room handle: handles are random already, so they are their own hash.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use wayfare_protocol::Handle;

/// Never iterated where the order could show.
pub(crate) type HandleMap<V> = HashMap<Handle, V, BuildHasherDefault<HandleHasher>>;

#[derive(Debug, Default)]
pub(crate) struct HandleHasher(u64);

impl Hasher for HandleHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
