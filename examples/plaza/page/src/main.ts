// The page: what happens goes to the visit, and what the visit knows is shown.

import "./style.css";
import { clock } from "./clock.js";
import { Chat } from "./panels/chat.js";
import { Door } from "./panels/door.js";
import { leave, take } from "./memory.js";
import { element } from "./panels/element.js";
import { Status } from "./panels/status.js";
import { Theme } from "./panels/theme.js";
import { Toast } from "./panels/toast.js";
import { isInGate, readFragment } from "./places.js";
import type { Point } from "./generated/types.js";
import { Mirror } from "./scene/mirror.js";
import { Scene } from "./scene/scene.js";
import { Steering, isTyping } from "./steering.js";
import { type Kept, Visit, type Visitor } from "./visit.js";

/** How often what is not drawn is brought up to date, in seconds. */
const STATUS_PERIOD = 0.2;
/** How long the one in the mirror waves, and how long until again. */
const MIRROR_WAVES = 1.6;
const MIRROR_PERIOD = 6;

const canvas = element("ground", HTMLCanvasElement);
const wished = readFragment(location.hash);
/** Where the page comes from, unless the address says otherwise, for whoever works on the page. */
// Another server only where somebody works on the page: a link must not send a token elsewhere.
const asked = import.meta.env.DEV ? new URLSearchParams(location.search).get("server") : null;
const server = asked ?? new URL(".", location.href);
const again = element("again", HTMLButtonElement);
const talk = element("talk", HTMLElement);
const broad = matchMedia("(min-width: 720px)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const scene = new Scene(canvas);
const mirror = new Mirror(element("mirror", HTMLCanvasElement));
const status = new Status();
const toast = new Toast();
const theme = new Theme();
const visit = new Visit(server, wished.place ?? "plaza", {
  changed: () => changed(),
  toast: (text) => toast.show(text),
});
const door = new Door(wished.token, (visitor) => enter(visitor));
const chat = new Chat(
  (text) => visit.say(text),
  () => canvas.focus(),
);
const steering = new Steering(canvas, {
  position() {
    const own = visit.world?.own;
    const isFree = own && !visit.travelling && visit.phase.state !== "ended";
    return isFree ? { at: own.motion.at(clock()), to: own.motion.to } : undefined;
  },
  pointed: (event) => pointed(event),
  walk(to) {
    // Whoever goes into the gate means to go through it.
    isBoundForGate = isInGate(visit.place, to);
    visit.walk(to);
  },
});

let isBoundForGate = false;
let shownAt = -Infinity;
let frame = 0;

function changed(): void {
  status.changed(visit);
  const hash = `#${visit.place.name}`;
  if (location.hash !== hash && !visit.travelling) {
    // In place: a way back would only lead back and forth. A token goes out of sight with it.
    history.replaceState(null, "", hash);
  }
  shownAt = -Infinity;
  if (visit.phase.state === "ended" && !again.contains(document.activeElement)) {
    again.focus();
  }
}

async function enter(visitor: Visitor): Promise<void> {
  await visit.enter(visitor);
  canvas.focus();
}

/** What the page before this one in the tab left, if it did. */
function readKept(): Kept | undefined {
  try {
    return JSON.parse(take("stay")) as Kept;
  } catch {
    return undefined;
  }
}

/** A gate is easily missed: what is beyond the edge there leads into it. */
function pointed(event: PointerEvent): Point {
  const { left, top } = canvas.getBoundingClientRect();
  const point = scene.camera.ground(event.clientX - left, event.clientY - top);
  const { gate, east } = visit.place;
  const isBeyond = east ? point.x > gate.x - 20 : point.x < gate.x + 20;
  return isBeyond && Math.abs(point.y - gate.y) < 120 ? gate : point;
}

function travel(): void {
  isBoundForGate = false;
  void visit.travel(visit.place.beyond);
}

function draw(): void {
  frame = requestAnimationFrame(draw);
  const now = clock();
  steering.lead();
  const own = visit.world?.own;
  if (own && isBoundForGate && isInGate(visit.place, own.motion.at(now))) {
    travel();
  }
  scene.draw(visit.place, visit.world, theme.name, now);
  if (!visit.world) {
    const isWaving = !calm.matches && now % MIRROR_PERIOD < MIRROR_WAVES;
    mirror.draw(door.color, isWaving, calm.matches ? 0 : now);
  }
  chat.show(visit.world);
  if (now - shownAt > STATUS_PERIOD) {
    shownAt = now;
    status.show(visit, now);
    makeRoom();
  }
}

/** Nobody looks at a hidden page; what is read of it goes on. */
function look(): void {
  cancelAnimationFrame(frame);
  if (!document.hidden) {
    draw();
  }
}

function resize(): void {
  const { clientWidth, clientHeight } = canvas;
  scene.resize(clientWidth, clientHeight);
}

/** Windows move to finer and coarser screens. */
function watchRatio(): void {
  const ratio = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  const changed = () => {
    resize();
    watchRatio();
  };
  ratio.addEventListener("change", changed, { once: true });
}

/** On a narrow screen the chat is a sheet over its lower part; on a broad one it is see-through. */
function makeRoom(): void {
  const isSheet = !broad.matches;
  scene.camera.covered = isSheet ? talk.offsetHeight : 0;
  const own = visit.world?.own;
  const { left, top } = talk.getBoundingClientRect();
  const at = own && scene.camera.screen(own.motion.at(clock()));
  talk.classList.toggle("before", !isSheet && at !== undefined && at.x > left && at.y > top);
}

function keyDown(event: KeyboardEvent): void {
  const isChord = event.ctrlKey || event.metaKey || event.altKey;
  if (!visit.world || isChord || event.repeat || isTyping(event.target)) {
    return;
  }
  const isOnControl = event.target instanceof HTMLButtonElement;
  if (event.code === "KeyE" || (event.code === "Space" && !isOnControl)) {
    event.preventDefault();
    visit.wave();
  } else if (event.code === "KeyG") {
    travel();
  } else if (event.code === "Enter" && !isOnControl) {
    event.preventDefault();
    chat.focus();
  } else if (event.code === "Escape") {
    canvas.focus();
  }
}

new ResizeObserver(() => {
  resize();
  look();
}).observe(canvas);
watchRatio();
document.addEventListener("visibilitychange", look);
setInterval(() => {
  if (document.hidden) {
    chat.show(visit.world);
    status.show(visit, clock());
  }
}, 1000);
addEventListener("keydown", keyDown);
addEventListener("hashchange", () => {
  const { place, token } = readFragment(location.hash);
  door.token = token;
  if (place) {
    void visit.travel(place);
  }
  changed();
});
// A page that is loaded again goes on where this one was; of one that is closed, the room's grace decides.
addEventListener("pagehide", () => {
  if (visit.kept) {
    leave("stay", JSON.stringify(visit.kept));
  }
});
// A page that comes back alive still has its stay.
addEventListener("pageshow", (event) => event.persisted && take("stay"));
element("wave", HTMLButtonElement).addEventListener("click", () => visit.wave());
element("travel", HTMLButtonElement).addEventListener("click", travel);
again.addEventListener("click", () => void visit.again());
element("out", HTMLButtonElement).addEventListener("click", () => {
  visit.out();
  door.focus();
});
changed();
const kept = readKept();
if (kept) {
  void visit.back(kept).then(() => (visit.world ? canvas.focus() : door.focus()));
}
// On a telephone that would bring up the keyboard before anything was seen.
if (!kept && matchMedia("(pointer: fine)").matches) {
  door.focus();
}
