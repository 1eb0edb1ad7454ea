PRAGMA auto_vacuum = 2;
PRAGMA application_id = 1835233388;
PRAGMA user_version = 3;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;
CREATE TABLE letters (
          id INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,
          length INTEGER NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
          bytes INTEGER NOT NULL, seal INTEGER NOT NULL, row BLOB NOT NULL, identity INTEGER NOT NULL DEFAULT -1,
          UNIQUE (output, source, position, length, seal)
        ) STRICT;
CREATE INDEX letters_by_output ON letters (output, id, bytes);
CREATE INDEX letters_by_place ON letters (output, source, position, length, identity);
CREATE INDEX letters_by_age ON letters (output, at);
INSERT INTO meta VALUES ('version', '3', 17091350);
INSERT INTO letters VALUES (1, 'default/es', 'AAAAAAAAAAAAAAAA', 100, 20, 400, 'document_parsing_exception', 'failed to parse', 1700000000000, 272, 1335077694, x'28b52ffd2016b100007b22637265617465223a7b7d7d0a7b226e223a317d0a', 3056896354);
INSERT INTO letters VALUES (2, 'default/es', 'AAAAAAAAAAAAAAAA', 200, 30, 400, 'document_parsing_exception', 'it''s no date', 1700000000000, 269, 558283508, x'28b52ffd2016b100007b22637265617465223a7b7d7d0a7b226e223a327d0a', 3027384123);
