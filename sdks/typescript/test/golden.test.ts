// Frames are the bytes that every language agrees on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { checkVector, vectorsOf } from "../conformance/golden.js";
import { repository } from "./repository.js";

const vectors = vectorsOf(readFileSync(repository("proto/golden/frames.json"), "utf8"));

suite("proto/golden/frames.json", () => {
  test("has vectors with numbers beyond a double", () => {
    assert.ok(vectors.length > 25);
    assert.ok(vectors.some(({ fields }) => JSON.stringify(fields).includes('"18364758544493064721"')));
  });
  for (const vector of vectors) {
    test(vector.name, () => checkVector(vector));
  }
});

test("a vector that is not so fails", () => {
  const [vector] = vectors;
  assert.ok(vector);
  assert.throws(() => checkVector({ ...vector, fields: { bye: {} } }));
  assert.throws(() => checkVector({ ...vector, hex: vector.hex.replace("01", "02") }));
});
