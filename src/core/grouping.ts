/**
 * Says which lines belong together. Whatever it says of a line depends on the lines of its group alone, so that reading may begin
 * at any border between groups and finds the same ones. Lines come without their line end and are never empty.
 */
export interface Grouping {
  /** The state of a group that begins with this line, or `closed`. */
  begin(bytes: Buffer, start: number, end: number): number
  /** What the next line is to a group in this state: the state behind it, or `closed`, or `other`; a state plus `undecided` where
   * only a later line tells: then it is in the group if one of the next is, else it begins one of its own. */
  next(state: number, bytes: Buffer, start: number, end: number): number
  /** The same for lines without content, however many; never undecided. */
  blank(state: number): number
}

/** The group ends with this line. */
export const closed = -1
/** The group has ended before this line. */
export const other = -2
/** Added to a state, all of which are smaller. */
export const undecided = 256
