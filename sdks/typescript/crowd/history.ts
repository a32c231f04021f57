// What one client did and heard, as it happened: all that a checker may go by.

/** A line that came, by the number of its event. */
export interface Heard {
  readonly position: number;
  readonly text: string;
}

/** A line that was said. */
export interface Said {
  readonly text: string;
  /** How often the room answered that it is so. */
  answers: number;
}

/** The account of one client. */
export interface History {
  readonly name: string;
  readonly said: Said[];
  readonly heard: Heard[];
  /** What should not happen where nothing is lost: a resync, a refusal, an end. */
  readonly told: string[];
  /** How often a connection was lost and the session went on. */
  resumes: number;
}

export function emptyHistory(name: string): History {
  return { name, said: [], heard: [], told: [], resumes: 0 };
}
