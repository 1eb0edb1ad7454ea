PRAGMA auto_vacuum = 0;
PRAGMA application_id = 1835233388;
PRAGMA user_version = 1;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;
CREATE TABLE letters (
          id INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,
          length INTEGER NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
          state TEXT NOT NULL, bytes INTEGER NOT NULL, seal INTEGER NOT NULL, row BLOB NOT NULL,
          UNIQUE (output, source, position, length, seal)
        ) STRICT;
CREATE INDEX letters_by_output ON letters (output, id, bytes);
CREATE INDEX letters_by_time ON letters (at);
CREATE INDEX letters_replaying ON letters (id) WHERE state = 'replaying';
INSERT INTO meta VALUES ('version', '1', 4010453562);
INSERT INTO letters VALUES (1, 'default/es', 'AAAAAAAAAAAAAAAA', 100, 20, 400, 'document_parsing_exception', 'failed to parse', 1700000000000, 'held', 272, 1335077694, x'28b52ffd2016b100007b22637265617465223a7b7d7d0a7b226e223a317d0a');
INSERT INTO letters VALUES (2, 'default/es', 'AAAAAAAAAAAAAAAA', 200, 30, 400, 'document_parsing_exception', 'it''s no date', 1700000000000, 'held', 269, 558283508, x'28b52ffd2016b100007b22637265617465223a7b7d7d0a7b226e223a327d0a');
