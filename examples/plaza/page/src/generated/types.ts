// Made by `plaza types plaza garden square`; do not edit.

/** The message types of rooms of the kinds `plaza`, `garden` and `square`. */
export interface PlazaTypes {
  Open: null;
  Join: Outfit;
  Command: Command;
  Reply: null;
  Event: Event;
  View: World;
}

/** The message types of each kind of room. */
export interface Kinds {
  plaza: PlazaTypes;
  garden: PlazaTypes;
  square: PlazaTypes;
}

/** The data of a join. The name comes with the player. */
export interface Outfit {
  /** The colour of the coat; grey by default. */
  color?: Color;
}

/** The colours of coats. */
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

/** An action of a player. */
export type Command =
  /** Says something, to everybody: `{"say": "hi"}`. */
  | { say: string }
  /** Walks to a point in a straight line: `{"walk": {"x": 500, "y": 500}}`. */
  | { walk: Point }
  /** Waves: `"wave"`. */
  | "wave";

/** A place on the plaza. */
export interface Point {
  /** The distance from the west. */
  x: number;
  /** The distance from the north. */
  y: number;
}

/** An event that everybody on the plaza sees. */
export type Event =
  /** A player joined. */
  | {
      joined: {
        /** The player. */
        who: string;
        /** The player's appearance and place. */
        walker: Walker;
      };
    }
  /** A player left. */
  | {
      left: {
        /** The player. */
        who: string;
      };
    }
  /** A player said something. */
  | { said: Line }
  /**
   * A player starts to walk, at `SPEED`. Clients compute the positions in between themselves,
   * so a whole walk is one event and moves smoothly on every screen.
   */
  | {
      walks: {
        /** The player. */
        who: string;
        /** The player's present place. */
        from: Point;
        /** The end of the walk. */
        to: Point;
      };
    }
  /** A player waved. */
  | {
      waved: {
        /** The player. */
        who: string;
      };
    }
  /** A player's connection was lost or restored. */
  | {
      away: {
        /** The player. */
        who: string;
        /** True if the connection is lost. */
        away: boolean;
      };
    };

/** A player on the plaza. */
export interface Walker {
  /** The player's name. */
  name: string;
  /** The colour of the coat. */
  color: Color;
  /** The present place. */
  at: Point;
  /** The end of the walk, or the present place if the player stands. */
  to: Point;
  /** True while the connection is lost. */
  away: boolean;
}

/** A line of chat. */
export interface Line {
  /** The speaker. */
  who: string;
  /** The speaker's name at that time. The player may have left. */
  name: string;
  /** The text. */
  text: string;
}

/** The view of a new player. */
export interface World {
  /** All players, including oneself. */
  walkers: { [key: string]: Walker };
  /** The last lines of chat, oldest first. */
  chat: Line[];
}
