//! Tests of whole files: names, and shared types.

use super::stub_typed::{First, Second};
use crate::types::NoTypes;
use crate::types::layout::comment;
use crate::types::names::pascal;
use crate::{Kind, Serve};

fn game() -> Serve {
    wayfare()
        .room::<First>("first", Kind::typed)
        .room::<Second>("my-second", Kind::typed)
        .room::<First>("another", Kind::typed)
        .room::<First>("untyped", |kind| kind)
}

fn wayfare() -> Serve {
    crate::serve().name("game")
}

#[test]
fn each_type_is_declared_once() {
    let expect = "\
// Made by `game types`; do not edit.

/** The message types of rooms of the kinds `first` and `another`. */
export interface FirstTypes {
  Open: null;
  Join: null;
  Command: SaidInput;
  Reply: null;
  Event: Said;
  View: null;
}

/** The message types of rooms of the kind `my-second`. */
export interface MySecondTypes {
  Open: null;
  Join: null;
  Command: Point;
  Reply: null;
  Event: MySecondSaid[];
  View: null;
}

/** The message types of each kind of room. */
export interface Kinds {
  first: FirstTypes;
  \"my-second\": MySecondTypes;
  another: FirstTypes;
}

/** A message that both sides send. */
export interface SaidInput {
  at: Point;
  loud?: boolean;
}

export interface Point {
  x: number;
}

/** A message that both sides send. */
export interface Said {
  at: Point;
  loud: boolean;
}

export interface MySecondSaid {
  at: Point;
}
";
    assert_eq!(game().types(&[]).unwrap(), expect);
}

#[test]
fn a_file_can_be_of_some_kinds() {
    let types = game().types(&["another", "first", "another"]).unwrap();
    assert!(
        types.starts_with("// Made by `game types another first another`; do not edit.\n"),
        "{types}"
    );
    assert!(types.contains("export interface AnotherTypes {"), "{types}");
    assert!(
        types.contains("  another: AnotherTypes;\n  first: AnotherTypes;\n}"),
        "{types}"
    );
    assert!(!types.contains("Second"), "{types}");
}

#[test]
fn an_untyped_kind_is_explained() {
    let refused = |game: Serve, kinds: &[&str]| game.types(kinds).unwrap_err();
    assert_eq!(
        refused(game(), &["untyped"]),
        NoTypes::NotTyped("untyped".to_owned())
    );
    let unknown = refused(game(), &["thrid"]).to_string();
    assert_eq!(
        unknown,
        "there is no kind of room \"thrid\": there are first, my-second, another, untyped"
    );
    let untyped = wayfare().room::<First>("untyped", |kind| kind);
    let none = refused(untyped, &[]);
    assert_eq!(none, NoTypes::NoneTyped);
    assert!(none.to_string().contains("`.typed()`"), "{none}");
}

#[test]
fn names_are_of_letters_and_digits() {
    assert_eq!(pascal("my-room_2"), "MyRoom2");
    assert_eq!(pascal("Result_of_uint8_or_string"), "ResultOfUint8OrString");
    assert_eq!(pascal("2d"), "T2d");
    assert_eq!(pascal("class"), "Class");
    assert_eq!(pascal(""), "T");
}

#[test]
fn comments_cannot_be_closed_early() {
    assert_eq!(comment("", 2), "");
    assert_eq!(comment("Short.", 2), "  /** Short. */\n");
    assert_eq!(
        comment("One.\n\nTwo.", 2),
        "  /**\n   * One.\n   *\n   * Two.\n   */\n"
    );
    assert_eq!(comment("a */ b", 0), "/** a *\\/ b */\n");
    let linked = "At [`SPEED`], see [`walk`](super::walk) and [here](https://a.b).";
    assert_eq!(
        comment(linked, 0),
        "/** At `SPEED`, see `walk` and [here](https://a.b). */\n"
    );
}
