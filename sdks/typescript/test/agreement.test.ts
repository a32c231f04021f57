// What the Rust sources say, this package says too: error codes, limits, reasons, and the table of SPEC.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  ErrorCode,
  isOfConduct,
  isRetryable,
  reconnectOf,
} from "../src/core/error-code.js";
import { LEAVE_REASONS } from "../conformance/shows.js";
import { leaveReasonOf } from "../src/core/leave-reason.js";
import * as limits from "../src/core/limits.js";
import { settingsOf } from "../src/core/settings.js";
import { wireModeOf } from "../src/core/settings.js";
import { JoinMode, LeaveReason } from "../src/generated/wayfare_pb.js";
import { repository } from "./repository.js";

const protocol = (name: string) =>
  readFileSync(repository(`crates/wayfare-protocol/src/${name}.rs`), "utf8");
const core = (name: string) =>
  readFileSync(repository(`crates/wayfare-client-core/src/${name}.rs`), "utf8");

/** The names in a piece of Rust between two texts. */
function namesBetween(text: string, begin: string, end: string): string[] {
  const from = text.indexOf(begin);
  assert.notEqual(from, -1, `${begin} is there`);
  return text.slice(from + begin.length, text.indexOf(end, from)).match(/[A-Z]\w+/g) ?? [];
}

const codes: [string, number][] = Object.entries(ErrorCode);

test("every error code is there, with its number", () => {
  const source = protocol("error_code");
  const rust = [...source.matchAll(/^ {4}([A-Z]\w+) = (\d+),$/gm)];
  assert.deepEqual(codes, rust.map(([, name, code]) => [name, Number(code)]));
});

test("each is retried as the server means it", () => {
  const retryable = namesBetween(
    protocol("error_code"),
    "fn is_retryable(self) -> bool {\n        use ErrorCode::*;\n        match self {",
    "=> true",
  );
  assert.deepEqual(
    codes.filter(([, code]) => isRetryable(code)).map(([name]) => name).sort(),
    retryable.sort(),
  );
  assert.ok(isRetryable(1599) && !isRetryable(1499) && !isRetryable(1600));
});

test("each means for the connection what the server means", () => {
  const source = protocol("error_code");
  const begin = "fn should_reconnect(self) -> Reconnect {\n        use ErrorCode::*;\n        match self {";
  const resume = namesBetween(source, begin, "=> Reconnect::Resume");
  const afresh = namesBetween(source, "=> Reconnect::Resume,", "=> Reconnect::Afresh");
  for (const [name, code] of codes) {
    const expect = resume.includes(name) ? "resume" : afresh.includes(name) ? "afresh" : "never";
    assert.equal(reconnectOf(code), expect, name);
  }
  assert.deepEqual([resume.length > 0, afresh.length > 0], [true, true]);
  assert.deepEqual([reconnectOf(1599), reconnectOf(1299)], ["resume", "never"]);
  const conduct = namesBetween(core("client"), "use ErrorCode::{", "};");
  assert.deepEqual(
    codes.filter(([, code]) => isOfConduct(code)).map(([name]) => name).sort(),
    conduct.sort(),
  );
});

test("every limit is the server's", () => {
  const source = protocol("limits");
  const stated = (name: string): number => {
    const value = new RegExp(`pub const ${name}: \\w+ = (.+);`).exec(source)?.[1];
    assert.ok(value, name);
    const seconds = /^Duration::from_secs\((\d+)\)$/.exec(value)?.[1];
    return seconds === undefined
      ? value.split(" * ").reduce((product, factor) => product * Number(factor), 1)
      : Number(seconds) * 1000;
  };
  for (const [name, value] of Object.entries(limits)) {
    assert.equal(value, stated(name), name);
  }
});

test("every setting is the Rust client's", () => {
  const source = core("settings");
  const stated = (name: string, pattern: RegExp): number => {
    const value = new RegExp(`${name}: ${pattern.source},`).exec(source)?.[1];
    assert.ok(value, name);
    return value.split(" * ").reduce((product, factor) => product * Number(factor), 1);
  };
  const settings = settingsOf(1, { guest: "" });
  assert.equal(settings.backoffMin, stated("backoff_min", /Duration::from_millis\((\d+)\)/));
  assert.equal(settings.backoffMax, stated("backoff_max", /Duration::from_secs\((\d+)\)/) * 1000);
  assert.equal(settings.rejoinTimeMax, stated("rejoin_time_max", /Duration::from_secs\((\d+)\)/) * 1000);
  assert.equal(settings.outstandingCommandsMax, stated("outstanding_commands_max", /([\d *]+)/));
  assert.equal(settings.outstandingBytesMax, stated("outstanding_bytes_max", /([\d *]+)/));
});

test("every reason to be out of a room has a name and words", () => {
  const reasons = Object.values(LeaveReason).filter((reason) => typeof reason === "number");
  for (const reason of reasons as LeaveReason[]) {
    const name = LeaveReason[reason].replace("LEAVE_", "").toLowerCase();
    const expect = reason === LeaveReason.LEAVE_ROOM_LOST ? "room_gone" : name;
    assert.equal(leaveReasonOf(reason), expect);
    assert.ok(core("event").includes(JSON.stringify(LEAVE_REASONS[leaveReasonOf(reason)])));
  }
});

test("every mode of joining is the wire's", () => {
  assert.deepEqual(
    [wireModeOf("or_create"), wireModeOf("existing"), wireModeOf("create")],
    [JoinMode.JOIN_OR_CREATE, JoinMode.JOIN_EXISTING, JoinMode.JOIN_CREATE],
  );
});

test("the page for all SDKs has every code, as it is", () => {
  const page = readFileSync(repository("sdks/SPEC.md"), "utf8");
  const rows = page.matchAll(/^\| (\d+) \| `(\w+)` \| (\w+) \| (yes|no) \|/gm);
  assert.deepEqual(
    [...rows].map(([, code, name, reconnect, retryable]) => [code, name, reconnect, retryable]),
    codes.map(([name, code]) => [
      String(code),
      name,
      reconnectOf(code),
      isRetryable(code) ? "yes" : "no",
    ]),
  );
});

test("the Rust client runs every exchange that there is for it", () => {
  const folder = "crates/wayfare-client-core";
  const files = readdirSync(repository(`${folder}/exchanges`)).filter((name) => name.endsWith(".txt"));
  const source = readFileSync(repository(`${folder}/tests/protocol/exchanges.rs`), "utf8");
  const run = [...source.matchAll(/include_str!\("\.\.\/\.\.\/exchanges\/(.+)"\)/g)];
  assert.deepEqual(run.map(([, name]) => name).sort(), files.sort());
});
