-- The store: what the API answers from. Times are microseconds since 1970 UTC; documents are JSON text.
-- Facets are kept once per place where the API shows them (the newest wins); every event as it came is in `event`.
-- A change of this file needs a new LAYOUT in store.py, and statements there that bring older files up to it.
CREATE TABLE namespace (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  owner TEXT NOT NULL, description TEXT, hidden INTEGER NOT NULL DEFAULT 0);
CREATE TABLE source (
  name TEXT PRIMARY KEY, type TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  connection_url TEXT NOT NULL DEFAULT '', description TEXT) WITHOUT ROWID;
CREATE TABLE tag (name TEXT PRIMARY KEY, description TEXT) WITHOUT ROWID;

CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, physical_name TEXT NOT NULL,
  source TEXT NOT NULL, description TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, last_modified INTEGER,
  deleted INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0, current_version INTEGER,
  UNIQUE (namespace, name));
-- Every name of a dataset, its own and those of the symlinks facet.
CREATE TABLE dataset_name (
  namespace TEXT NOT NULL, name TEXT NOT NULL, dataset INTEGER NOT NULL, PRIMARY KEY (namespace, name)) WITHOUT ROWID;
CREATE INDEX dataset_names ON dataset_name (dataset);
CREATE INDEX dataset_by_name ON dataset_name (name);
CREATE TABLE field (
  id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, name TEXT NOT NULL, type TEXT, description TEXT,
  UNIQUE (dataset, name, type));
CREATE TABLE version (
  id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, dataset INTEGER NOT NULL,
  namespace TEXT NOT NULL, name TEXT NOT NULL, schema_version TEXT NOT NULL, run TEXT, fields TEXT, lifecycle TEXT,
  created INTEGER NOT NULL, touched INTEGER NOT NULL);
CREATE INDEX version_of_dataset ON version (dataset, created DESC, id DESC);
CREATE INDEX version_of_run ON version (run) WHERE run IS NOT NULL;
CREATE TABLE version_field (version INTEGER NOT NULL, field INTEGER NOT NULL, PRIMARY KEY (version, field)) WITHOUT ROWID;
-- The newest by event time, and beside it the last to arrive when that is an older one.
CREATE TABLE version_facet (
  version INTEGER NOT NULL, kind TEXT NOT NULL, static INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
  event INTEGER NOT NULL, value TEXT NOT NULL, late_event INTEGER, late_value TEXT,
  PRIMARY KEY (version, kind, static, name)) WITHOUT ROWID;
CREATE TABLE dataset_tag (dataset INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (dataset, tag)) WITHOUT ROWID;
CREATE TABLE field_tag (field INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (field, tag)) WITHOUT ROWID;

CREATE TABLE job (
  id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, namespace TEXT NOT NULL, name TEXT NOT NULL, simple_name TEXT NOT NULL,
  parent INTEGER, type TEXT NOT NULL, description TEXT, location TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  current_version INTEGER, current_run TEXT, hidden INTEGER NOT NULL DEFAULT 0, UNIQUE (namespace, name));
CREATE INDEX job_by_update ON job (updated DESC);
CREATE TABLE job_version (
  id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, job INTEGER NOT NULL, location TEXT,
  created INTEGER NOT NULL, latest_run TEXT);
CREATE INDEX job_version_of_job ON job_version (job, created DESC);
CREATE TABLE job_io (
  version INTEGER NOT NULL, dataset INTEGER NOT NULL, io TEXT NOT NULL, job INTEGER NOT NULL, current INTEGER NOT NULL,
  PRIMARY KEY (version, dataset, io)) WITHOUT ROWID;
CREATE INDEX job_io_of_job ON job_io (job, current);
CREATE INDEX job_io_of_dataset ON job_io (dataset, current);
CREATE TABLE job_version_facet (
  version INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (version, name)) WITHOUT ROWID;
CREATE TABLE job_tag (job INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (job, tag)) WITHOUT ROWID;

CREATE TABLE run (
  uuid TEXT PRIMARY KEY, job INTEGER NOT NULL, job_namespace TEXT NOT NULL, job_name TEXT NOT NULL, job_version INTEGER,
  parent TEXT, args TEXT NOT NULL, state TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, started INTEGER,
  ended INTEGER, transitioned INTEGER, nominal_start INTEGER, nominal_end INTEGER) WITHOUT ROWID;
CREATE INDEX run_of_job ON run (job, started DESC, created DESC);
CREATE INDEX run_by_transition ON run (job, transitioned IS NULL DESC, transitioned DESC, created DESC);
CREATE TABLE run_input (run TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (run, version));
-- What one run said of itself, of its job, and of the datasets it touched (kind RUN, JOB, INPUT, OUTPUT).
CREATE TABLE run_facet (
  run TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
  event INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, kind, version, name)) WITHOUT ROWID;

CREATE TABLE column_edge (
  output_version INTEGER NOT NULL, output INTEGER NOT NULL, input_version INTEGER NOT NULL, input INTEGER NOT NULL,
  description TEXT, type TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  PRIMARY KEY (output, input, output_version, input_version)) WITHOUT ROWID;
CREATE INDEX column_edge_back ON column_edge (input, output);

CREATE TABLE event (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, at INTEGER NOT NULL, run TEXT, document TEXT NOT NULL);
CREATE INDEX event_by_time ON event (kind, at);
CREATE INDEX event_by_time_any ON event (at);
