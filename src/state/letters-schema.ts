import type { Schema } from './database.ts'

/**
 * letters.db. `seal` is a check over what identifies the letter and over `row`, which is compressed. A row that is refused again
 * after a restart or a replay meets its former letter by its place and identity, another row with the same place does not.
 */
export const lettersSchema: Schema = {
  applicationId: 0x6d63706c,
  settings: 'PRAGMA auto_vacuum = INCREMENTAL',
  migrations: [
    database =>
      database.exec(`
        CREATE TABLE letters (
          id INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,
          length INTEGER NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
          state TEXT NOT NULL, bytes INTEGER NOT NULL, seal INTEGER NOT NULL, row BLOB NOT NULL,
          UNIQUE (output, source, position, length, seal)
        ) STRICT;
        CREATE INDEX letters_by_output ON letters (output, id, bytes);
        CREATE INDEX letters_by_time ON letters (at);
        CREATE INDEX letters_replaying ON letters (id) WHERE state = 'replaying'`),
    database =>
      database.exec(`
        ALTER TABLE letters ADD COLUMN identity INTEGER NOT NULL DEFAULT -1;
        CREATE INDEX letters_by_place ON letters (output, source, position, length, identity)`),
    database =>
      database.exec(`
        DROP INDEX letters_replaying; ALTER TABLE letters DROP COLUMN state;
        DROP INDEX letters_by_time; CREATE INDEX letters_by_age ON letters (output, at)`)
  ],
  // Read in full only when asked for: 256 MiB would take seconds from a slow disk. Each row has its own check.
  check: () => []
}
