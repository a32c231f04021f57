//! Tests of each form that serde gives to a type.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{check, check_values};
use crate::prelude::*;

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
struct Point {
    x: f32,
    y: f32,
}

const POINT: &str = "\nexport interface Point {\n  x: number;\n  y: number;\n}\n";

fn point() -> Point {
    Point { x: 1.5, y: 2.0 }
}

#[test]
fn scalars() {
    check(&[()], "export type It = null;\n");
    check(&[true, false], "export type It = boolean;\n");
    check(&[u64::MAX, 0], "export type It = number;\n");
    check(&[i64::MIN, 7], "export type It = number;\n");
    check(&[1.5_f32, 2.0], "export type It = number;\n");
    check(&["hi".to_owned()], "export type It = string;\n");
    check(&['x', '\u{1F600}'], "export type It = string;\n");
    check(
        &["ada".parse::<PlayerId>().unwrap()],
        "export type It = string;\n",
    );
    let duration = "export interface Duration {\n  secs: number;\n  nanos: number;\n}\n";
    check(&[Duration::from_millis(1500)], duration);
}

#[test]
fn options() {
    check(&[Some(1), None], "export type It = number | null;\n");
    check(&[Some(()), None], "export type It = null;\n");
    check(&[Some(Some(1)), None], "export type It = number | null;\n");
    let of_point = format!("export type It = Point | null;\n{POINT}");
    check(&[Some(point()), None], &of_point);
}

#[test]
fn lists_sets_tuples_and_arrays() {
    check(&[vec![1], vec![]], "export type It = number[];\n");
    check(&[vec![0_u8, 255]], "export type It = number[];\n");
    check(
        &[VecDeque::from([Some(1), None])],
        "export type It = (number | null)[];\n",
    );
    check(
        &[BTreeSet::from(["a".to_owned()])],
        "export type It = string[];\n",
    );
    check(&[(1, true)], "export type It = [number, boolean];\n");
    check(&[[1, 2, 3]], "export type It = [number, number, number];\n");
    check(&[[0; 20]], "export type It = number[];\n");
    check(&[[[1, 2]; 0]], "export type It = [];\n");
}

#[test]
fn maps_are_objects_whatever_their_keys() {
    let numbers = "export type It = { [key: string]: number };\n";
    check(
        &[BTreeMap::from([("ada".parse::<PlayerId>().unwrap(), 1)])],
        numbers,
    );
    check(&[BTreeMap::from([('x', 1)])], numbers);

    #[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "snake_case")]
    enum Color {
        Red,
        DarkBlue,
    }
    check(
        &[BTreeMap::from([(Color::DarkBlue, point())])],
        &format!("export interface It {{\n  dark_blue?: Point;\n  red?: Point;\n}}\n{POINT}"),
    );
}

#[test]
fn structs() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Nothing;
    check(&[Nothing], "export type Nothing = null | [];\n");

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Empty {}
    check(
        &[Empty {}],
        "export type Empty = { [key: string]: unknown };\n",
    );

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Score(u32);
    check(&[Score(1)], "export type Score = number;\n");

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Pair(u32, Option<Point>);
    let pair = format!("export type Pair = [number, Point | null];\n{POINT}");
    check(&[Pair(1, Some(point())), Pair(1, None)], &pair);

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(transparent)]
    struct Wrapped {
        inner: Point,
    }
    check(&[Wrapped { inner: point() }], POINT.trim_start());
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Said {
    Wave,
    SayIt(String),
    Nothing(()),
    Maybe(Option<u8>),
    Move(Point),
    Both(u8, bool),
    Walk {
        to: Point,
        #[serde(rename = "how-fast")]
        speed: f32,
    },
    #[serde(skip)]
    #[expect(dead_code, reason = "never on the wire")]
    Hidden(u8),
}

#[test]
fn an_enum_with_its_name_outside() {
    let expect = "\
export type Said =
  | \"wave\"
  | { sayIt: string }
  | { nothing: null }
  | { maybe: number | null }
  | { move: Point }
  | { both: [number, boolean] }
  | { walk: { to: Point; \"how-fast\": number } };
";
    let values = [
        Said::Wave,
        Said::SayIt("hi".to_owned()),
        Said::Nothing(()),
        Said::Maybe(Some(1)),
        Said::Maybe(None),
        Said::Move(point()),
        Said::Both(1, true),
        Said::Walk {
            to: point(),
            speed: 1.0,
        },
    ];
    check(&values, &(expect.to_owned() + POINT));
}

#[test]
fn an_enum_with_its_name_inside() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Inside {
        Wave,
        Move(Point),
        Say { text: String },
    }
    let expect = "\
export type Inside = { type: \"wave\" } | ({ type: \"move\" } & Point) | { type: \"say\"; text: string };
";
    let say = Inside::Say {
        text: "hi".to_owned(),
    };
    check(
        &[Inside::Wave, Inside::Move(point()), say],
        &(expect.to_owned() + POINT),
    );
}

#[test]
fn an_enum_with_its_name_beside() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t", content = "c")]
    enum Beside {
        Wave,
        Move(Point),
        Both(u8, u8),
        Say { text: String },
    }
    let expect = "\
export type Beside =
  | { t: \"Wave\" }
  | { t: \"Move\"; c: Point }
  | { t: \"Both\"; c: [number, number] }
  | { t: \"Say\"; c: { text: string } };
";
    let say = Beside::Say {
        text: "hi".to_owned(),
    };
    let values = [Beside::Wave, Beside::Move(point()), Beside::Both(1, 2), say];
    check(&values, &(expect.to_owned() + POINT));
}

#[test]
fn an_enum_without_its_name() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Without {
        Nothing,
        Number(u8),
        Larger(f64),
        Move(Point),
        Say { text: String },
    }
    let expect = "export type Without = null | number | Point | { text: string };\n";
    let say = Without::Say {
        text: "hi".to_owned(),
    };
    let values = [
        Without::Nothing,
        Without::Number(1),
        Without::Larger(0.5),
        Without::Move(point()),
        say,
    ];
    check(&values, &(expect.to_owned() + POINT));
}

#[test]
fn flattened_fields() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Walker {
        name: String,
        #[serde(flatten)]
        at: Point,
        #[serde(flatten)]
        said: Said,
    }
    let walker = |said| Walker {
        name: "Ada".to_owned(),
        at: point(),
        said,
    };
    check_values(&[
        walker(Said::Move(point())),
        walker(Said::SayIt("hi".to_owned())),
    ]);

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Open {
        name: String,
        #[serde(flatten)]
        others: BTreeMap<String, u8>,
    }
    let expect = "export interface Open {\n  name: string;\n  [key: string]: unknown;\n}\n";
    let open = Open {
        name: "Ada".to_owned(),
        others: BTreeMap::from([("a".to_owned(), 1)]),
    };
    check(&[open], expect);
}

#[test]
fn recursive_types() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Tree {
        Leaf(u8),
        Branches(Vec<Tree>),
        Named(BTreeMap<String, Tree>),
    }
    let expect = "\
export type Tree = { Leaf: number } | { Branches: Tree[] } | { Named: { [key: string]: Tree } };
";
    check(
        &[
            Tree::Branches(vec![Tree::Leaf(1)]),
            Tree::Named(BTreeMap::new()),
        ],
        expect,
    );
}

#[test]
fn types_of_types_have_names_of_letters() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Ranked_{T}")]
    struct Ranked<T> {
        rank: u8,
        of: T,
    }
    let ranked = Ranked {
        rank: 1,
        of: Ok::<u8, String>(2),
    };
    let expect = "\
export interface RankedResultOfUint8OrString {
  rank: number;
  of: ResultOfUint8OrString;
}

export type ResultOfUint8OrString = { Ok: number } | { Err: string };
";
    check(&[ranked], expect);
}
