import type { Schema } from '../../state/database.ts'

/**
 * A segment of the spool. `check` is over the packed bytes and their place, `seal` over the entry without them. `sources` are the
 * sources that it holds bytes of, as the state knew them: where the state is lost, they are known by these.
 */
export const segmentSchema: Schema = {
  applicationId: 0x6d637071,
  migrations: [
    database =>
      database.exec(`
        CREATE TABLE blocks (
          id INTEGER PRIMARY KEY, source TEXT NOT NULL, position INTEGER NOT NULL, length INTEGER NOT NULL,
          "check" INTEGER NOT NULL, seal INTEGER NOT NULL, packed BLOB NOT NULL
        ) STRICT;
        CREATE TABLE sources (
          id TEXT PRIMARY KEY, record TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID`)
  ],
  // Each block is checked when it is read: 1 GiB would hold up the start.
  check: () => []
}
