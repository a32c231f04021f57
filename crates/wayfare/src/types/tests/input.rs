//! Tests of differences between input and output, and between codecs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{check, written};
use crate::prelude::*;
use crate::types::scope::Side;

#[track_caller]
fn check_side<T: JsonSchema>(codec: Codec, side: Side, expect: &str) {
    assert_eq!(written::<T>(codec, side), expect);
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Outfit {
    name: String,
    #[serde(default)]
    hat: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shoes: Option<u8>,
    #[serde(skip)]
    #[expect(dead_code, reason = "never on the wire")]
    secret: u8,
}

#[test]
fn fields_with_a_default_may_be_left_out_by_clients() {
    check_side::<Outfit>(
        Codec::MessagePack,
        Side::Input,
        "export interface Outfit {\n  name: string;\n  hat?: boolean;\n  shoes?: number | null;\n}\n",
    );
    check(
        &[Outfit::default()],
        "export interface Outfit {\n  name: string;\n  hat: boolean;\n  shoes?: number | null;\n}\n",
    );
}

#[test]
fn each_side_has_the_fields_and_variants_that_it_uses() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "there are only its types")]
    struct Sides {
        #[serde(skip_deserializing)]
        sent: u8,
        #[serde(skip_serializing, default)]
        received: u8,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        mostly: Vec<u8>,
    }
    check_side::<Sides>(
        Codec::MessagePack,
        Side::Input,
        "export interface Sides {\n  received?: number;\n  mostly?: number[];\n}\n",
    );
    check_side::<Sides>(
        Codec::MessagePack,
        Side::Output,
        "export interface Sides {\n  sent: number;\n  mostly?: number[];\n}\n",
    );

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "there are only its types")]
    enum Either {
        Both,
        #[serde(skip_deserializing)]
        Sent,
        #[serde(skip_serializing)]
        Received(u8),
    }
    let input = "export type Either = \"Both\" | { Received: number };\n";
    check_side::<Either>(Codec::MessagePack, Side::Input, input);
    let output = "export type Either = \"Both\" | \"Sent\";\n";
    check_side::<Either>(Codec::MessagePack, Side::Output, output);
}

#[test]
fn a_map_with_numeric_keys_is_for_output_only() {
    type ByNumber = BTreeMap<u32, bool>;
    let map = "export type It = { [key: string]: boolean };\n";
    check_side::<ByNumber>(Codec::MessagePack, Side::Output, map);
    check_side::<ByNumber>(
        Codec::MessagePack,
        Side::Input,
        "export type It = unknown;\n",
    );
    check_side::<ByNumber>(Codec::Json, Side::Input, map);
    check(&[ByNumber::from([(7, true)])], map);
}

#[test]
fn types_follow_the_codec() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Nothing;
    check_side::<Nothing>(Codec::Json, Side::Output, "export type Nothing = null;\n");
    check(&[Nothing], "export type Nothing = null | [];\n");

    let unknown = "export type It = unknown;\n";
    check(&[i128::MIN, 0], unknown);
    check(&[u128::MAX, 0], unknown);
    check_side::<u128>(Codec::Json, Side::Output, "export type It = number;\n");
    check(&[IpAddr::from([127, 0, 0, 1])], unknown);
    check_side::<IpAddr>(Codec::Json, Side::Output, "export type It = string;\n");
}

#[test]
fn bytes_are_bytes_where_they_say_so() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Drawing {
        #[serde(with = "serde_bytes")]
        #[schemars(with = "Raw")]
        picture: Vec<u8>,
    }
    let drawing = Drawing {
        picture: vec![0, 255],
    };
    check(
        &[drawing],
        "export interface Drawing {\n  picture: Uint8Array;\n}\n",
    );
    check_side::<Drawing>(
        Codec::Json,
        Side::Output,
        "export interface Drawing {\n  picture: number[];\n}\n",
    );
    for codec in super::CODECS {
        check_side::<Raw>(codec, Side::Input, "export type It = Uint8Array;\n");
    }
}

#[test]
fn undescribed_values_are_unknown() {
    check(
        &[serde_json::json!({ "a": 1 })],
        "export type It = unknown;\n",
    );
    let list = vec![serde_json::json!(null)];
    check(&[list], "export type It = unknown[];\n");
}
