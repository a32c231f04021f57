// Judges by histories alone whether everybody heard everything, once, and in one order.

import type { History } from "./history.js";

/** What is wrong with these histories, of clients that were all there before the first word. */
export function audit(histories: readonly History[]): string[] {
  const said = histories.flatMap((history) => history.said.map(({ text }) => text));
  const order = histories[0]?.heard ?? [];
  return [
    ...repeats(said).map((text) => `${text} was said twice: nobody could tell them apart`),
    ...histories.flatMap(answers),
    ...histories.flatMap(({ name, told }) => told.map((what) => `${name} was told: ${what}`)),
    ...histories.flatMap((history) => contents(history, said)),
    ...histories.flatMap((history) => positions(history)),
    ...histories.flatMap((history) => speakers(history, histories)),
    ...histories.flatMap(({ name, heard }) => {
      const at = heard.findIndex(({ text, position }, index) => {
        const other = order[index];
        return text !== other?.text || position !== other.position;
      });
      return at < 0 ? [] : [`line ${at} of ${name} is not that of ${histories[0]?.name}`];
    }),
  ];
}

function answers({ name, said }: History): string[] {
  return said
    .filter(({ answers }) => answers !== 1)
    .map(({ text, answers }) => `${name} was answered ${answers} times for ${text}`);
}

function contents({ name, heard }: History, said: readonly string[]): string[] {
  const texts = heard.map(({ text }) => text);
  const [came, meant] = [new Set(texts), new Set(said)];
  return [
    ...repeats(texts).map((text) => `${name} heard ${text} twice`),
    ...said.filter((text) => !came.has(text)).map((text) => `${name} did not hear ${text}`),
    ...texts.filter((text) => !meant.has(text)).map((text) => `${name} heard ${text}, never said`),
  ];
}

function positions({ name, heard }: History): string[] {
  return heard.flatMap(({ position }, index) => {
    const before = heard[index - 1]?.position ?? -1;
    return position > before ? [] : [`${name} heard ${position} after ${before}`];
  });
}

/** Each speaker's lines in the order in which they were said. */
function speakers({ name, heard }: History, histories: readonly History[]): string[] {
  const places = new Map(heard.map(({ text }, index) => [text, index]));
  return histories.flatMap(({ said }) =>
    said.flatMap(({ text }, index) => {
      const before = said[index - 1]?.text ?? text;
      const isLate = (places.get(before) ?? 0) > (places.get(text) ?? Infinity);
      return isLate ? [`${name} heard ${text} before ${before}`] : [];
    }),
  );
}

function repeats(texts: readonly string[]): string[] {
  const seen = new Set<string>();
  return texts.filter((text) => seen.size === seen.add(text).size);
}
