-- The index. Times are microseconds since 1970 UTC. Every id is a hash of what it stands for (catalog.event.identify),
-- so that the same set of events gives the same rows in whatever order they came.

-- Names behind the numbers.
CREATE TABLE dataset_name (id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE job_name (id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE run_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE content (id INTEGER PRIMARY KEY, body TEXT NOT NULL);

-- Facts: what each event told.
CREATE TABLE event (
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, type TEXT NOT NULL, run INTEGER NOT NULL, job INTEGER NOT NULL,
  parent INTEGER, parent_job INTEGER, root INTEGER, nominal INTEGER, error TEXT,
  rows_in INTEGER, rows_out INTEGER, rows_rejected INTEGER, revision TEXT, io INTEGER NOT NULL);
CREATE INDEX event_of_run ON event (run);
CREATE INDEX event_by_time ON event (time);
-- `observed`: 0 is no observation of the schema, 1 one of a run that goes on, 2 one of a run that ended; -1 is no use of
-- the dataset at all: drift or a baseline was told, which are read from the record.
CREATE TABLE told (
  dataset INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL, side TEXT NOT NULL, job INTEGER NOT NULL,
  run INTEGER NOT NULL, observed INTEGER NOT NULL, schema INTEGER, knows INTEGER NOT NULL,
  lineage INTEGER, said INTEGER, lifecycle TEXT NOT NULL, previous INTEGER, rows INTEGER, size INTEGER, files INTEGER,
  PRIMARY KEY (dataset, time, event, side)) WITHOUT ROWID;
CREATE INDEX told_by_event ON told (event);
CREATE INDEX dropped ON told (dataset) WHERE lifecycle = 'DROP';
CREATE TABLE claim (
  alias INTEGER NOT NULL, dataset INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL,
  PRIMARY KEY (alias, dataset)) WITHOUT ROWID;
CREATE TABLE expectation (
  id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, name TEXT NOT NULL, "column" TEXT, params TEXT NOT NULL);
CREATE INDEX expectation_of_dataset ON expectation (dataset);
CREATE TABLE result (
  expectation INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL, run INTEGER NOT NULL,
  job INTEGER NOT NULL, success INTEGER NOT NULL, severity TEXT NOT NULL, words INTEGER NOT NULL,
  PRIMARY KEY (expectation, time, event)) WITHOUT ROWID;
CREATE INDEX result_by_success ON result (expectation, success, time);
CREATE INDEX result_of_run ON result (run);
-- What an event measured of a dataset, rows [column, metric, value]: written and read as one, as it was told.
CREATE TABLE figures (
  event INTEGER NOT NULL, dataset INTEGER NOT NULL, side TEXT NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (event, dataset, side)) WITHOUT ROWID;
CREATE INDEX figures_of_dataset ON figures (dataset);
CREATE TABLE unusable (id INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (id, reason)) WITHOUT ROWID;

-- Sums of facts that grow by taking the later (or the earlier) of two.
CREATE TABLE latest (
  subject INTEGER NOT NULL, facet TEXT NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (subject, facet)) WITHOUT ROWID;
CREATE TABLE flow (
  job INTEGER NOT NULL, dataset INTEGER NOT NULL, side TEXT NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, last_done INTEGER, PRIMARY KEY (job, dataset, side)) WITHOUT ROWID;
CREATE INDEX flow_of_dataset ON flow (dataset, side);
CREATE TABLE mapping (
  job INTEGER NOT NULL, dataset INTEGER NOT NULL, lineage INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  PRIMARY KEY (job, dataset, lineage)) WITHOUT ROWID;
CREATE INDEX mapping_of_lineage ON mapping (lineage);
-- The rows of a column lineage; `origin_column` feeds `target_column` of whatever dataset a mapping names.
CREATE TABLE column_source (
  lineage INTEGER NOT NULL, target_column TEXT NOT NULL, origin INTEGER NOT NULL, origin_column TEXT NOT NULL,
  type TEXT NOT NULL, subtype TEXT NOT NULL, description TEXT NOT NULL, masking INTEGER NOT NULL,
  PRIMARY KEY (lineage, target_column, origin, origin_column, type, subtype, description, masking)) WITHOUT ROWID;
CREATE INDEX column_source_of_origin ON column_source (origin, origin_column);

-- Derived: recomputed for what new events touch.
CREATE TABLE alias (alias INTEGER PRIMARY KEY, dataset INTEGER NOT NULL);
CREATE INDEX alias_of_dataset ON alias (dataset);
CREATE TABLE run (
  id INTEGER PRIMARY KEY, job INTEGER NOT NULL, parent INTEGER, parent_job INTEGER, state TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, started INTEGER, ended INTEGER, nominal INTEGER, revision TEXT,
  error TEXT, rows_in INTEGER, rows_out INTEGER, rows_rejected INTEGER, io INTEGER NOT NULL);
CREATE INDEX run_of_job ON run (job, first);
CREATE INDEX run_by_time ON run (first);
CREATE INDEX run_done ON run (job, state, io, last);
CREATE INDEX run_of_parent ON run (parent);
-- `begin`: an edge told since then is current. `task`: the job itself, for a step the task that caused it.
CREATE TABLE job (
  id INTEGER PRIMARY KEY, parent INTEGER, kind TEXT NOT NULL, role TEXT NOT NULL, task INTEGER NOT NULL,
  begin INTEGER NOT NULL, last_run INTEGER, first INTEGER NOT NULL, last INTEGER NOT NULL, gap INTEGER);
-- The last word of each witness (catalog.index.timeline), by the name under which it told.
CREATE TABLE witness (
  dataset INTEGER NOT NULL, job INTEGER NOT NULL, side TEXT NOT NULL, time INTEGER NOT NULL, schema INTEGER,
  said INTEGER, knows INTEGER NOT NULL, PRIMARY KEY (dataset, job, side)) WITHOUT ROWID;
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, short TEXT NOT NULL, kind TEXT NOT NULL,
  title TEXT NOT NULL, description TEXT NOT NULL, owner TEXT, tier TEXT, tags TEXT NOT NULL, contract TEXT,
  schema INTEGER, knows INTEGER NOT NULL, writer INTEGER NOT NULL, first_seen INTEGER,
  last_read INTEGER, last_written INTEGER, last_rows INTEGER,
  every INTEGER, vanished INTEGER NOT NULL, health TEXT NOT NULL, freshness TEXT NOT NULL, reads_30d INTEGER NOT NULL,
  differences TEXT NOT NULL, drift TEXT,
  drifted INTEGER NOT NULL AS (differences <> '[]' OR coalesce(drift, '') <> ''));
CREATE INDEX dataset_use ON dataset (id, reads_30d, tier);
CREATE INDEX dataset_by_use ON dataset (reads_30d);
CREATE INDEX dataset_by_short ON dataset (short);
-- Since which event each present column is as it is: path -> [time, event, run, job].
CREATE TABLE since (dataset INTEGER PRIMARY KEY, columns TEXT NOT NULL);
CREATE TABLE version (
  dataset INTEGER NOT NULL, since INTEGER NOT NULL, schema INTEGER NOT NULL, until INTEGER, main INTEGER NOT NULL,
  seen INTEGER NOT NULL, event INTEGER NOT NULL, run INTEGER NOT NULL, job INTEGER NOT NULL, witnesses TEXT NOT NULL,
  PRIMARY KEY (dataset, since, schema, event, main)) WITHOUT ROWID;
CREATE TABLE change (
  dataset INTEGER NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, before TEXT, after TEXT,
  event INTEGER NOT NULL, run INTEGER NOT NULL, job INTEGER NOT NULL,
  PRIMARY KEY (dataset, time, kind, path, event)) WITHOUT ROWID;
CREATE INDEX change_by_time ON change (time);
-- Task runs per dataset and day, of the 30 days before the newest event.
CREATE TABLE usage (
  dataset INTEGER NOT NULL, day INTEGER NOT NULL, reads INTEGER NOT NULL, PRIMARY KEY (dataset, day)) WITHOUT ROWID;
CREATE INDEX usage_by_day ON usage (day);
CREATE TABLE verdict (
  expectation INTEGER PRIMARY KEY, time INTEGER NOT NULL, event INTEGER NOT NULL, since INTEGER NOT NULL,
  current INTEGER NOT NULL);

-- What search looks through: one row per dataset, column, job, report, check and owner.
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  dataset INTEGER, job INTEGER, path TEXT, owner TEXT, tags TEXT NOT NULL, health TEXT, forms TEXT NOT NULL);
-- Every way to write an entry's name, as catalog.word.key writes it: what search compares a whole query with.
CREATE TABLE handle (key TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (key, entry)) WITHOUT ROWID;
-- What the entries of a dataset or a job were made of.
CREATE TABLE drawn (subject INTEGER PRIMARY KEY, digest INTEGER NOT NULL);
-- How often each word is used: what a mistyped one is compared with.
CREATE TABLE word (stem TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
-- What search sorts and counts by, without the texts.
CREATE INDEX entry_outline ON entry (id, kind, dataset, job, owner, health, tags, name);
CREATE INDEX entry_tagged ON entry (tags, dataset) WHERE tags <> '';
CREATE INDEX entry_of_owner ON entry (id) WHERE kind = 'owner';
CREATE INDEX entry_of_dataset ON entry (dataset);
CREATE INDEX entry_of_job ON entry (job);
CREATE VIRTUAL TABLE search USING fts5 (name, title, text, tags, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');
-- Bookkeeping, no part of what the events say.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Spans of time that were read: how many events the backend counted in each, how many it gave (repeats included), and
-- how many are known here that it gives no more.
CREATE TABLE window (
  after INTEGER PRIMARY KEY, before INTEGER NOT NULL, total INTEGER NOT NULL, listed INTEGER NOT NULL,
  kept INTEGER NOT NULL);
