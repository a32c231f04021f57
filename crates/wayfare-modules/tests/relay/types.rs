//! What clients in TypeScript are told of the messages.

use wayfare_modules::relay::{self, Relay};

fn types() -> String {
    let server = wayfare::serve().room::<Relay>("relay", relay::settings);
    server.types(&["relay"]).unwrap()
}

#[test]
fn what_is_carried_is_anything_that_can_be() {
    let value = "\
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value };
";
    let types = types();
    assert!(types.contains(value), "{types}");
    assert!(
        types.contains("export type Topic = number | string;\n"),
        "{types}"
    );
}

#[test]
fn what_need_not_be_said_need_not_be_typed() {
    let types = types();
    assert!(
        types.contains("  payload?: Value;\n"),
        "a client posts: {types}"
    );
    assert!(
        types.contains("  payload: Value;\n"),
        "a client hears: {types}"
    );
    assert!(types.contains("  password?: Secret;\n"), "{types}");
}
