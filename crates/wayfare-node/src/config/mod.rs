//! Settings: names, sources, and checks.
//!
//! Read [`Settings`] for the list, and [`layers`] for the precedence.

mod flags;
mod keys;
mod kind_keys;
mod layers;
mod nearest;
mod problem;
mod relations;
#[cfg_attr(
    not(feature = "services"),
    expect(
        dead_code,
        reason = "no URL is understood without the clients of services"
    )
)]
mod service_addresses;
mod settings;
mod settings_file;
mod show;
mod source;
mod value;

pub use flags::SettingFlags;
pub(crate) use layers::{Config, Inputs};
pub(crate) use service_addresses::{Address, CoordinationChoice, StorageChoice};
pub(crate) use settings::{LogFormat, Mode, Secret, Settings};
pub(crate) use source::Source;
pub(crate) use value::{Value, show_duration};

#[cfg(test)]
mod tests;
