//! Tests of long and documented types.

use serde::{Deserialize, Serialize};

use super::check;
use crate::prelude::*;

/// A player's wish.
///
/// More of [`Wish`]: see <https://example.com/*/wish>.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Wish {
    /// To be somewhere else, and quickly, in any of the ways that there are on this plaza, by night.
    Away {
        /// Where.
        to: (f32, f32),
        class: String,
    },
    /// To sleep.
    Sleep,
}

#[test]
fn documentation_is_kept() {
    let expect = "\
/**
 * A player's wish.
 *
 * More of `Wish`: see <https://example.com/*\\/wish>.
 */
export type Wish =
  /**
   * To be somewhere else, and quickly, in any of the ways that there are on this plaza, by night.
   */
  | {
      away: {
        /** Where. */
        to: [number, number];
        class: string;
      };
    }
  /** To sleep. */
  | \"sleep\";
";
    let away = Wish::Away {
        to: (1.0, 2.0),
        class: "swift".to_owned(),
    };
    check(&[away, Wish::Sleep], expect);
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Long {
    #[serde(
        rename = "a name that is no name of a field, and long enough to fill a line by itself"
    )]
    words: Vec<Option<(String, u8, String, u8)>>,
    #[serde(rename = "1st")]
    first: u8,
    #[serde(rename = "\"")]
    quote: u8,
    short: Short,
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Short {
    /// Documented, and so on a line of its own.
    inner: Vec<Inner>,
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Inner {
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: u8,
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: u8,
    cccccccccccccccccccccccccccccc: (u8, u8),
}

#[test]
fn long_lines_are_broken() {
    let expect = "\
export interface Long {
  \"a name that is no name of a field, and long enough to fill a line by itself\": (
    | [string, number, string, number]
    | null
  )[];
  \"1st\": number;
  \"\\\"\": number;
  short: {
    /** Documented, and so on a line of its own. */
    inner: {
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: number;
      bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: number;
      cccccccccccccccccccccccccccccc: [number, number];
    }[];
  };
}
";
    check(&[Long::default()], expect);
}
