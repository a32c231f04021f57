// Made by `plaza types plaza garden square`; do not edit.

/** What is said in rooms of the kinds `plaza`, `garden` and `square`. */
export interface PlazaTypes {
  Open: null;
  Join: Outfit;
  Command: Command;
  Reply: null;
  Event: Event;
  View: World;
}

/** What is said in the rooms of each kind. */
export interface Kinds {
  plaza: PlazaTypes;
  garden: PlazaTypes;
  square: PlazaTypes;
}

/** What one brings: the name comes with the player. */
export interface Outfit {
  /** The colour of the coat; grey unless said. */
  color?: Color;
}

/** Coats there are. */
export type Color =
  | "grey"
  | "red"
  | "orange"
  | "yellow"
  | "green"
  | "teal"
  | "blue"
  | "purple"
  | "pink";

/** What a player does. */
export type Command =
  /** Says something, to everybody: `{"say": "hi"}`. */
  | { say: string }
  /** Walks there, in a straight line: `{"walk": {"x": 500, "y": 500}}`. */
  | { walk: Point }
  /** Waves: `"wave"`. */
  | "wave";

/** A place on the plaza. */
export interface Point {
  /** From west to east. */
  x: number;
  /** From north to south. */
  y: number;
}

/** What everybody on the plaza sees. */
export type Event =
  /** Somebody came in. */
  | {
      joined: {
        /** Who. */
        who: string;
        /** As one sees them. */
        walker: Walker;
      };
    }
  /** Somebody is gone. */
  | {
      left: {
        /** Who. */
        who: string;
      };
    }
  /** Somebody said something. */
  | { said: Line }
  /**
   * Somebody sets out, at `SPEED`. Clients draw the way in between themselves: one event for
   * a whole walk, and as smooth as their screens.
   */
  | {
      walks: {
        /** Who. */
        who: string;
        /** Where they are now. */
        from: Point;
        /** Where they will stop. */
        to: Point;
      };
    }
  /** Somebody waved. */
  | {
      waved: {
        /** Who. */
        who: string;
      };
    }
  /** Somebody's connection was lost, or is back. */
  | {
      away: {
        /** Who. */
        who: string;
        /** Lost. */
        away: boolean;
      };
    };

/** Somebody on the plaza. */
export interface Walker {
  /** What to call them. */
  name: string;
  /** The colour of their coat. */
  color: Color;
  /** Where they are. */
  at: Point;
  /** Where they walk to; where they are if they stand. */
  to: Point;
  /** Their connection is lost, for now. */
  away: boolean;
}

/** Something that was said. */
export interface Line {
  /** By whom. */
  who: string;
  /** What they were called then; they may be gone. */
  name: string;
  /** What. */
  text: string;
}

/** What one sees when coming in. */
export interface World {
  /** Everybody, oneself included. */
  walkers: { [key: string]: Walker };
  /** The last lines of chat, oldest first. */
  chat: Line[];
}
