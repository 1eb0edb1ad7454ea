import type { Schema } from './database.ts'
import { StateTables } from './state-tables.ts'

/**
 * state.db. `seal` is a check over the row's other values (not over `idle`). `idle` is how long, in ms of our own running time,
 * nobody has seen the source or configured the output: neither a stopped collector nor a jumping clock ages anything.
 */
export const stateSchema: Schema = {
  applicationId: 0x6d637073,
  migrations: [
    database =>
      database.exec(`
        CREATE TABLE sources (
          id TEXT PRIMARY KEY, input TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL, seen_at INTEGER NOT NULL,
          idle INTEGER NOT NULL DEFAULT 0, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE cursors (
          source TEXT, output TEXT, position INTEGER NOT NULL, marker TEXT NOT NULL, ledger TEXT NOT NULL,
          idle INTEGER NOT NULL DEFAULT 0, seal INTEGER NOT NULL, PRIMARY KEY (source, output)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE cuts (
          source TEXT, position INTEGER, seal INTEGER NOT NULL, PRIMARY KEY (source, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE parsers (
          source TEXT PRIMARY KEY, parser TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE notes (
          key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE ended (
          output TEXT PRIMARY KEY, ledger TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID`),
    database =>
      database.exec(`
        CREATE TABLE agents (
          id TEXT PRIMARY KEY, facts TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID`),
    // What rules know. Blobs have a check of their own.
    database =>
      database.exec(`
        CREATE TABLE observed (
          source TEXT PRIMARY KEY, start INTEGER NOT NULL, known INTEGER NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE windows (
          query TEXT, range INTEGER, bucket INTEGER, blob BLOB NOT NULL, seal INTEGER NOT NULL,
          PRIMARY KEY (query, range, bucket)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE alerts (
          rule TEXT, labels TEXT, content TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (rule, labels)
        ) STRICT, WITHOUT ROWID`),
    // What receivers were told of alerts.
    database =>
      database.exec(`
        CREATE TABLE notices (
          receiver TEXT, key TEXT, content TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (receiver, key)
        ) STRICT, WITHOUT ROWID`)
  ],
  check: database => new StateTables(database).verify()
}
