//! The guide. Its examples are compiled and run as tests of this crate.

#[doc = include_str!("../../../docs/guide/where-state-lives.md")]
mod where_state_lives {}

#[doc = include_str!("../../../docs/guide/changing-your-rooms-state.md")]
mod changing_your_rooms_state {}

#[doc = include_str!("../../../docs/guide/entities.md")]
mod entities {}

#[doc = include_str!("../../../docs/guide/a-page-for-your-game.md")]
mod a_page_for_your_game {}

#[doc = include_str!("../../../docs/guide/types.md")]
mod types {}
