// Takes the picture in README: `npm run screenshot -w tests/browser`.

import { writeFileSync } from "node:fs";
import { repository } from "../../sdks/typescript/test/repository.js";
import { BOTS, picture } from "./picture.js";
import { onStage } from "./stage.js";

const PATH = "docs/plaza.png";

await onStage(async (stage) => writeFileSync(repository(PATH), await picture(stage)), {
  bots: BOTS,
});
console.log(`${PATH} is taken anew`);
