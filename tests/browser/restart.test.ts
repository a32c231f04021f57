// The server is killed under its players, who go on without knowing how.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onStage } from "./stage.js";

test("a server that is killed and started again costs nobody anything on the square", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada", `${stage.address}#square`);
    const bob = await stage.enter("Bob", `${stage.address}#square`);
    const [who] = [await bob.sees("Ada"), await ada.sees("Bob")];
    const said: string[] = [];
    const say = async (visitor: typeof ada) => {
      const text = `line ${said.push("")}`;
      said[said.length - 1] = text;
      await visitor.say(text);
      return text;
    };

    await bob.reads(await say(ada));
    await ada.reads(await say(bob));
    // Said and perhaps not answered when the server dies.
    await say(ada);
    await stage.server.kill();
    await Promise.all([ada.is("reconnecting"), bob.is("reconnecting")]);
    // Said while there is nobody to say it to. Whose comes first is settled later.
    await say(ada);
    await say(ada);
    await stage.server.restart();
    await Promise.all([ada.is("connected"), bob.is("connected")]);
    await bob.reads(said.at(-1) ?? "");
    await ada.reads(await say(bob));
    const last = await say(ada);
    await Promise.all([ada.reads(last), bob.reads(last)]);

    assert.deepEqual(await ada.lines(), said);
    assert.deepEqual(await bob.lines(), said);
    assert.deepEqual(await bob.sees("Ada", '[data-away="false"]').then(({ who }) => who), who.who);
    for (const visitor of [ada, bob]) {
      const states = ["form", "joining", "connected", "reconnecting", "connected"];
      assert.deepEqual(await visitor.states(), states, "nothing was loaded or joined again");
    }
  }));

test("a plaza that is lost with its server is had anew, and its people are told", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    await ada.say("forgotten soon");
    await ada.reads("forgotten soon");
    await stage.server.kill();
    await ada.is("reconnecting");
    await stage.server.restart();
    await ada.is("connected");
    await ada.page.waitForSelector("#toast.shown");
    await ada.sees("Ada");
    assert.deepEqual(await ada.lines(), []);
  }));
