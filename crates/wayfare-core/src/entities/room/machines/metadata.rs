//! The metadata of a room: what listings show of it, and whether it takes new members.

use std::collections::BTreeMap;

use wayfare_protocol::limits::PROPERTIES_MAX;

/// Properties, lock and visibility of a room.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) properties: BTreeMap<String, String>,
    /// No new members are admitted.
    pub(crate) locked: bool,
    /// Left out of listings.
    pub(crate) private: bool,
}

/// The room has as many properties as it may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PropertiesFull;

impl Metadata {
    /// Sets or removes a property.
    ///
    /// # Errors
    /// If there are [`PROPERTIES_MAX`] others.
    pub(crate) fn set_property(
        &mut self,
        name: String,
        value: Option<String>,
    ) -> Result<(), PropertiesFull> {
        let Some(value) = value else {
            self.properties.remove(&name);
            return Ok(());
        };
        if self.properties.len() >= PROPERTIES_MAX && !self.properties.contains_key(&name) {
            return Err(PropertiesFull);
        }
        self.properties.insert(name, value);
        Ok(())
    }
}
