"""The seventh schema as SQL: elders from a spreadsheet, who is reached and who is not, applications from other systems."""

# `content` is the file as it came, later the rows that were not saved; `findings` says row by row what was found. Both
# are sealed under the import's own key, which ends with them. Counts and states alone are in the clear.
IMPORTS = """
CREATE TABLE elder_import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  community_id INTEGER REFERENCES community (id),
  form_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN
    ('waiting', 'unreadable', 'checked', 'saving', 'done', 'discarded')),
  content BLOB,
  findings BLOB,
  total INTEGER NOT NULL DEFAULT 0,
  looked_at INTEGER NOT NULL DEFAULT 0,
  good INTEGER NOT NULL DEFAULT 0,
  known INTEGER NOT NULL DEFAULT 0,
  wrong INTEGER NOT NULL DEFAULT 0,
  staff_id INTEGER REFERENCES staff (id),
  created_at TEXT NOT NULL,
  ended_at TEXT,
  CHECK ((state IN ('unreadable', 'done', 'discarded')) = (ended_at IS NOT NULL))
) STRICT

CREATE INDEX elder_import_to_do ON elder_import (id) WHERE state IN ('waiting', 'saving')

CREATE INDEX elder_import_by_station ON elder_import (station, id)

CREATE TABLE elder_import_row (
  import_id INTEGER NOT NULL REFERENCES elder_import (id) ON DELETE CASCADE,
  row INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('saved', 'known', 'wrong')),
  elder_id INTEGER REFERENCES elder (id),
  at TEXT NOT NULL,
  PRIMARY KEY (import_id, row)
) STRICT, WITHOUT ROWID
"""

# An entry time names neither the elder nor who typed, and keeps the day alone: it measures the form, not a person.
COVERAGE = """
CREATE TABLE population (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  community_id INTEGER NOT NULL REFERENCES community (id),
  over_60 INTEGER NOT NULL CHECK (over_60 BETWEEN 0 AND 10000000),
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT

CREATE INDEX population_newest ON population (community_id, id)

CREATE TABLE refusal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  community_id INTEGER NOT NULL REFERENCES community (id),
  elder_id INTEGER REFERENCES elder (id) ON DELETE CASCADE,
  form_id TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL CHECK (reason IN ('looks', 'shame', 'privacy', 'no_need', 'family', 'discomfort', 'other')),
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT

CREATE UNIQUE INDEX refusal_of_an_elder ON refusal (elder_id) WHERE elder_id IS NOT NULL AND withdrawn_at IS NULL

CREATE INDEX refusal_by_community ON refusal (community_id) WHERE withdrawn_at IS NULL

CREATE TABLE entry_time (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  community_id INTEGER NOT NULL REFERENCES community (id),
  seconds INTEGER NOT NULL CHECK (seconds BETWEEN 0 AND 14400),
  day TEXT NOT NULL
) STRICT

CREATE INDEX entry_time_by_station ON entry_time (station, day)
"""

# The partner's own number of an application may be anything, an identity number even, so its fingerprint is kept.
PARTNERS = """
CREATE TABLE partner (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL
) STRICT

CREATE TABLE partner_application (
  partner_id INTEGER NOT NULL REFERENCES partner (id),
  client_index BLOB NOT NULL,
  body_index BLOB NOT NULL,
  form_id TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  PRIMARY KEY (partner_id, client_index)
) STRICT, WITHOUT ROWID
"""

SCRIPTS = (IMPORTS, COVERAGE, PARTNERS)
