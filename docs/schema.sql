-- The tables of Daypack's two databases, as the migrations in crates/store make them.
-- Held equal to the code by crates/store/tests/schema.rs, which also writes this file.

-- learner.db: the learner's own work; synchronous=FULL; never made anew
-- application_id 0x44504c52, user_version 8

CREATE TABLE reader (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is one row
  minimum INTEGER NOT NULL -- programs whose newest schema is older must not read this file
) STRICT;
CREATE TABLE accounts (
  id          TEXT    NOT NULL PRIMARY KEY, -- AccountId
  site        TEXT    NOT NULL, -- address of the site
  kind        TEXT    NOT NULL, -- which connector, e.g. moodle
  site_name   TEXT    NOT NULL, -- as the site calls itself
  username    TEXT    NOT NULL, -- as typed at sign-in
  full_name   TEXT    NOT NULL, -- as the site knows the learner
  remote_user TEXT    NOT NULL, -- the site's id of the learner
  added       INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TABLE settings (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL -- JSON
) STRICT;
CREATE TABLE trust (
  scope       TEXT    NOT NULL PRIMARY KEY, -- library or package
  fingerprint TEXT    NOT NULL, -- SHA-256 of the public key, hexadecimal
  epoch       INTEGER NOT NULL, -- highest seen
  version     INTEGER NOT NULL, -- highest seen within the epoch
  at          INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TABLE libraries (
  address     TEXT    NOT NULL PRIMARY KEY,
  title       TEXT    NOT NULL, -- as the library calls itself
  fingerprint TEXT    NOT NULL, -- of the key that signed its list
  added       INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TABLE attempts (
  id             TEXT    NOT NULL PRIMARY KEY, -- AttemptId
  course         TEXT    NOT NULL,
  item           TEXT    NOT NULL,
  number         INTEGER NOT NULL, -- 1, 2, 3, ... within the item
  started        INTEGER NOT NULL, -- ms since 1970
  remote_attempt TEXT,             -- the site's id, when it was started there
  questions      TEXT    NOT NULL, -- JSON: the questions as shown
  finished       INTEGER,          -- ms since 1970; NULL while open
  score          REAL              -- 0 to 1; NULL while open or when the site scores
) STRICT;
CREATE INDEX attempts_of_item ON attempts (course, item, number);
CREATE TRIGGER attempts_are_kept BEFORE DELETE ON attempts
BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;
CREATE TABLE responses (
  seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of all answers, never reused
  attempt  TEXT    NOT NULL REFERENCES attempts (id),
  question TEXT    NOT NULL,
  response TEXT    NOT NULL, -- JSON
  at       INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE INDEX responses_of_question ON responses (attempt, question, seq);
CREATE TRIGGER responses_are_kept BEFORE DELETE ON responses
BEGIN SELECT RAISE(ABORT, 'answers are never deleted'); END;
CREATE TRIGGER responses_stand BEFORE UPDATE ON responses
BEGIN SELECT RAISE(ABORT, 'answers are never changed'); END;
CREATE TABLE drafts (
  seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of all saves, never reused
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  slot   TEXT    NOT NULL, -- which text of the item, e.g. text, or reply:<post>
  text   TEXT    NOT NULL,
  at     INTEGER NOT NULL, -- ms since 1970
  kept   INTEGER NOT NULL DEFAULT 0 -- 1: much of it vanished in the next save; never thinned
) STRICT;
CREATE INDEX drafts_of_slot ON drafts (course, item, slot, seq);
CREATE TABLE draft_files (
  seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of attaching
  course     TEXT    NOT NULL,
  item       TEXT    NOT NULL,
  name       TEXT    NOT NULL, -- for the teacher
  digest     TEXT    NOT NULL, -- SHA-256 of the bytes in mine/
  size       INTEGER NOT NULL, -- bytes
  media_type TEXT    NOT NULL,
  UNIQUE (course, item, name)
) STRICT;
CREATE TABLE positions (
  course      TEXT    NOT NULL,
  item        TEXT    NOT NULL,
  position_ms INTEGER NOT NULL, -- from the start of the lecture
  rate        REAL    NOT NULL, -- speed of playing
  watched     TEXT    NOT NULL, -- JSON: sorted, disjoint [from, to) in ms
  at          INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE readings (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  scroll REAL    NOT NULL, -- 0 top to 1 end
  at     INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE done_marks (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  done   INTEGER NOT NULL, -- 0 or 1, as last marked
  at     INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE work (
  id      TEXT    NOT NULL PRIMARY KEY, -- WorkId
  course  TEXT    NOT NULL,
  sealed  TEXT    NOT NULL, -- JSON of the whole work, as sealed
  seal    TEXT    NOT NULL, -- SHA-256 of sealed
  created INTEGER NOT NULL, -- ms since 1970
  state   TEXT    NOT NULL, -- JSON of WorkState
  stands  TEXT    NOT NULL, -- name of the state: waiting, sending, in_doubt, accepted, refused
  tries   INTEGER NOT NULL, -- how often sending was begun
  changed INTEGER NOT NULL, -- when the state last changed, ms since 1970
  step    TEXT              -- JSON: the connector's log of the steps it took
) STRICT;
CREATE INDEX work_by_age ON work (created, id);
CREATE INDEX work_by_state ON work (stands, course);
CREATE TRIGGER work_is_kept BEFORE DELETE ON work
BEGIN SELECT RAISE(ABORT, 'work is never deleted'); END;
CREATE TRIGGER work_is_sealed BEFORE UPDATE OF id, course, sealed, seal, created ON work
BEGIN SELECT RAISE(ABORT, 'sealed work is never changed'); END;
CREATE TABLE machines (
  name  TEXT NOT NULL PRIMARY KEY, -- outbox, ...
  state TEXT NOT NULL -- JSON
) STRICT;
CREATE TABLE feedback_seen (
  id      TEXT    NOT NULL, -- of the feedback
  version TEXT    NOT NULL,
  at      INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (id, version)
) STRICT;
CREATE TABLE places (
  name  TEXT    NOT NULL PRIMARY KEY, -- last
  route TEXT    NOT NULL, -- JSON, the UI's own
  at    INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TABLE titles (
  course TEXT NOT NULL,
  item   TEXT NOT NULL, -- empty: the course itself
  title  TEXT NOT NULL, -- as last seen
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE journal_mark (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is one row
  learner TEXT    NOT NULL, -- drawn when the database was made; the journal and the backups carry it too
  seq     INTEGER NOT NULL  -- number of the last save of the journal that is in this database
) STRICT;
CREATE TABLE work_names (
  work    TEXT    NOT NULL PRIMARY KEY, -- WorkId of work that was sealed as nobody's
  account TEXT    NOT NULL, -- AccountId in whose name it goes
  target  TEXT    NOT NULL, -- JSON of the binding it goes to
  at      INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TRIGGER work_names_are_kept BEFORE DELETE ON work_names
BEGIN SELECT RAISE(ABORT, 'the name of work is never deleted'); END;
CREATE TRIGGER work_names_stand BEFORE UPDATE ON work_names
BEGIN SELECT RAISE(ABORT, 'the name of work is never changed'); END;
CREATE TABLE bookmarks (
  id      TEXT    NOT NULL PRIMARY KEY,
  course  TEXT    NOT NULL,
  item    TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL, -- from the start of the lecture
  text    TEXT    NOT NULL, -- the learner's words, may be empty
  removed INTEGER NOT NULL, -- 0 or 1
  at      INTEGER NOT NULL  -- ms since 1970, last change
) STRICT;
CREATE INDEX bookmarks_of ON bookmarks (course, item);

-- catalogue.db: what can be fetched again; synchronous=NORMAL
-- application_id 0x44504354, user_version 1

CREATE TABLE reader (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is one row
  minimum INTEGER NOT NULL -- programs whose newest schema is older must not read this file
) STRICT;
CREATE TABLE courses (
  id       TEXT    NOT NULL PRIMARY KEY, -- CourseId
  title    TEXT    NOT NULL,
  summary  TEXT    NOT NULL,
  language TEXT    NOT NULL, -- BCP 47
  origin   TEXT    NOT NULL, -- JSON
  items    INTEGER NOT NULL, -- how many
  course   TEXT    NOT NULL, -- JSON of the whole course
  added    INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TABLE offers (
  source  TEXT    NOT NULL, -- account or library
  id      TEXT    NOT NULL, -- within the source
  place   INTEGER NOT NULL, -- order within the source
  title   TEXT    NOT NULL,
  summary TEXT    NOT NULL,
  size    INTEGER,          -- bytes, when the source says
  detail  TEXT    NOT NULL, -- JSON: what the connector needs to fetch it
  PRIMARY KEY (source, id)
) STRICT;
CREATE TABLE assets (
  course    TEXT    NOT NULL,
  asset     TEXT    NOT NULL,
  have      INTEGER NOT NULL, -- bytes
  digest    TEXT,             -- SHA-256, once complete
  validator TEXT,             -- strong ETag or version the bytes so far belong to
  complete  INTEGER NOT NULL, -- 1: the object has been proven and named
  PRIMARY KEY (course, asset)
) STRICT;
CREATE INDEX assets_by_digest ON assets (digest) WHERE digest IS NOT NULL;
CREATE TABLE feedback (
  id       TEXT    NOT NULL PRIMARY KEY, -- the same feedback pulled again has the same id
  about    TEXT    NOT NULL, -- JSON of the binding
  given    INTEGER NOT NULL, -- ms since 1970, the site's clock
  feedback TEXT    NOT NULL  -- JSON of the whole
) STRICT;
CREATE INDEX feedback_by_activity ON feedback (about);
CREATE TABLE feedback_files (
  feedback TEXT NOT NULL,
  url      TEXT NOT NULL, -- without token
  digest   TEXT NOT NULL, -- SHA-256 of the object
  PRIMARY KEY (feedback, url)
) STRICT;
CREATE INDEX feedback_files_by_digest ON feedback_files (digest);
CREATE TABLE threads (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  posts  TEXT    NOT NULL, -- JSON, as the connector gives it
  at     INTEGER NOT NULL, -- when it was pulled, ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE findings (
  course   TEXT NOT NULL PRIMARY KEY,
  findings TEXT NOT NULL -- JSON
) STRICT;
CREATE TABLE machines (
  name  TEXT NOT NULL PRIMARY KEY, -- download, ...
  state TEXT NOT NULL -- JSON
) STRICT;
