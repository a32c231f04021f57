//! Tests of the messages' types for clients in TypeScript.

use wayfare_modules::relay::{self, Relay};

fn types() -> String {
    let server = wayfare::serve().room::<Relay>("relay", relay::settings);
    server.types(&["relay"]).unwrap()
}

#[test]
fn payloads_may_be_any_value() {
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
fn fields_with_defaults_are_optional() {
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
