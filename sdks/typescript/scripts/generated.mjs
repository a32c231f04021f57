// Makes the TypeScript of proto/ with the plugin that npm installed; `--check` only compares.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

const PROTO = "wayfare.proto";
const PARAMETER = "target=ts,import_extension=js";
const PLUGIN = fileURLToPath(import.meta.resolve("@bufbuild/protoc-gen-es/bin/protoc-gen-es"));

/** What a program writes, given this. */
function output(program, args, input) {
  const { stdout, status, error } = spawnSync(program, args, {
    input,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (status !== 0) {
    throw error ?? new Error(`${[program, ...args].join(" ")} failed`);
  }
  return stdout;
}

// The compiler is that of the Rust sources, so that one reads proto/ for all languages.
const set = output("cargo", ["xtask", "descriptors"]);
const request = create(CodeGeneratorRequestSchema, {
  fileToGenerate: [PROTO],
  parameter: PARAMETER,
  protoFile: fromBinary(FileDescriptorSetSchema, set).file,
});
const answer = output(process.execPath, [PLUGIN], toBinary(CodeGeneratorRequestSchema, request));
const { file, error } = fromBinary(CodeGeneratorResponseSchema, answer);
if (error || file.length === 0) {
  throw new Error(error || "nothing was generated");
}
for (const { name, content } of file) {
  const path = `src/generated/${name}`;
  if (!process.argv.includes("--check")) {
    writeFileSync(path, content);
  } else if (content !== readFileSync(path, "utf8")) {
    console.error(`${path} is not what proto/ makes: run npm run generate -w sdks/typescript`);
    process.exitCode = 1;
  }
}
