//! Rooms with messages and without behaviour.

use serde::{Deserialize, Serialize};

use crate::prelude::*;

/// Makes a room with the given messages.
macro_rules! stub_room {
    ($room:ident, $input:ty, $output:ty) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct $room;

        impl Room for $room {
            type Open = ();
            type Join = ();
            type Command = $input;
            type Reply = ();
            type Event = $output;
            type View = ();
            type Note = ();

            fn open((): (), _: &Context<'_, Self>) -> Result<Self, Refusal> {
                Ok(Self)
            }

            fn view(&self, _: &Player, _: &ViewContext<'_>) {}

            fn command(
                &mut self,
                _: &Player,
                _: $input,
                _: &Context<'_, Self>,
            ) -> Result<(), Refusal> {
                Ok(())
            }
        }
    };
}

pub(super) mod first {
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(crate) struct Point {
        pub(crate) x: u8,
    }

    /// A message that both sides send.
    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(crate) struct Said {
        pub(crate) at: Point,
        #[serde(default)]
        pub(crate) loud: bool,
    }
}

pub(super) mod second {
    use super::*;

    /// A type that equals the other one.
    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(crate) struct Point {
        /// The coordinate, which TypeScript cannot distinguish from the other's.
        pub(crate) x: f64,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(crate) struct Said {
        pub(crate) at: Point,
    }
}

stub_room!(First, first::Said, first::Said);
stub_room!(Second, second::Point, Vec<second::Said>);
