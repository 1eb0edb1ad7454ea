PRAGMA auto_vacuum = 0;
PRAGMA application_id = 1835233395;
PRAGMA user_version = 4;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;
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
        ) STRICT, WITHOUT ROWID;
CREATE TABLE agents (
          id TEXT PRIMARY KEY, facts TEXT NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE TABLE observed (
          source TEXT PRIMARY KEY, start INTEGER NOT NULL, known INTEGER NOT NULL, seal INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE TABLE windows (
          query TEXT, range INTEGER, bucket INTEGER, blob BLOB NOT NULL, seal INTEGER NOT NULL,
          PRIMARY KEY (query, range, bucket)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE alerts (
          rule TEXT, labels TEXT, content TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (rule, labels)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
          receiver TEXT, key TEXT, content TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (receiver, key)
        ) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('version', '4', 2673893045);
INSERT INTO sources VALUES ('AAAAAAAAAAAAAAAA', 'agent', '/var/log/a.log', '{"dev":"64769","ino":"4242","birth":"1700000000000000000","path":"/var/log/a.log.1","size":2048,"isOver":false}', 1700000000000, 0, 2273907959);
INSERT INTO sources VALUES ('BBBBBBBBBBBBBBBB', 'agent', '/var/log/b''.log', '{"dev":"64769","ino":"4242","birth":"1700000000000000000","path":"/var/log/a.log.1","size":2048,"isOver":false}', 1, 0, 2527863862);
INSERT INTO cursors VALUES ('AAAAAAAAAAAAAAAA', 'default/es', 1024, 'a1b2', '{"read":12,"derived":0,"rows":[9,1,0,0,0,0,1],"lostRows":{"dead_letters_full":1},"lostBytes":{"truncated_gap":100}}', 0, 127189518);
INSERT INTO cuts VALUES ('AAAAAAAAAAAAAAAA', 1500, 1958252632);
INSERT INTO parsers VALUES ('AAAAAAAAAAAAAAAA', 'json', 2907952353);
INSERT INTO notes VALUES ('default/es/index', '.ds-logs-000001', 1914111512);
INSERT INTO ended VALUES ('default/es', '{"read":12,"derived":0,"rows":[9,1,0,0,0,0,1],"lostRows":{"dead_letters_full":1},"lostBytes":{"truncated_gap":100}}', 1044345273);
INSERT INTO agents VALUES ('agent-7', '{"role":"planner","intervalMs":30000,"isLeft":false}', 3142029083);
INSERT INTO observed VALUES ('AAAAAAAAAAAAAAAA', 1000, 1100, 794728881);
INSERT INTO windows VALUES ('b7e1', 0, -1, x'000102ff', 2363749078);
INSERT INTO alerts VALUES ('c9d2', '{"alertname":"It''s silent"}', '{"state":"firing"}', 3644719682);
INSERT INTO notices VALUES ('ops', '["It''s silent"]', '{"at":1700000000000,"alerts":[]}', 1371637511);
