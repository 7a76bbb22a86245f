"""The seventh schema as SQL: elders from a spreadsheet, who is reached and who is not, applications from other systems and from home."""

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

# A family may take its application back: a state beyond those of the first schema.
APPLICATION_STATES = ("withdrawn",)

# Applications from home. A draft becomes an application of the same uid, so that what is sealed under it stays as it
# is. A picture has a key of its own (`own`), which ends with it; the row stays and says when. Codes and answers are
# sealed like the form. Messages are planned from the state of the application, each kind once (`ref` tells apart what
# may come more often).
FROM_HOME = """
ALTER TABLE application ADD COLUMN details BLOB

ALTER TABLE application ADD COLUMN tail_index BLOB

ALTER TABLE application ADD COLUMN confirmed_by TEXT NOT NULL DEFAULT ''
  CHECK (confirmed_by IN ('', 'sms', 'station', 'call'))

ALTER TABLE application ADD COLUMN confirmed_at TEXT

ALTER TABLE application ADD COLUMN delay TEXT NOT NULL DEFAULT ''

CREATE INDEX application_waiting ON application (station, id) WHERE state = 'received'

CREATE INDEX application_by_elder ON application (elder_id)

CREATE TABLE application_draft (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  code_hash BLOB NOT NULL UNIQUE,
  content BLOB NOT NULL,
  confirmed_index BLOB,
  confirmed_at TEXT,
  created_at TEXT NOT NULL,
  saved_at TEXT NOT NULL
) STRICT

CREATE INDEX application_draft_by_age ON application_draft (saved_at)

CREATE TABLE application_picture (
  uid TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('identity', 'portrait')),
  own TEXT NOT NULL UNIQUE,
  jpeg BLOB,
  added_at TEXT NOT NULL,
  shown_at TEXT,
  shown_by INTEGER REFERENCES staff (id),
  destroyed_at TEXT,
  PRIMARY KEY (uid, kind),
  CHECK ((jpeg IS NULL) = (destroyed_at IS NOT NULL)),
  CHECK ((shown_at IS NULL) = (shown_by IS NULL))
) STRICT, WITHOUT ROWID

CREATE INDEX application_picture_to_end ON application_picture (added_at) WHERE jpeg IS NOT NULL

CREATE TABLE application_question (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  application_id INTEGER NOT NULL REFERENCES application (id),
  about TEXT NOT NULL,
  asked BLOB NOT NULL,
  answer BLOB,
  asked_by INTEGER REFERENCES staff (id),
  asked_at TEXT NOT NULL,
  answered_at TEXT,
  CHECK ((answer IS NULL) = (answered_at IS NULL))
) STRICT

CREATE INDEX application_question_by_application ON application_question (application_id, id)

CREATE TABLE phone_code (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  own TEXT NOT NULL UNIQUE,
  uid TEXT NOT NULL,
  station INTEGER NOT NULL REFERENCES station (number),
  means TEXT NOT NULL CHECK (means IN ('sms', 'station')),
  phone_index BLOB NOT NULL,
  content BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  made_at TEXT NOT NULL,
  ends_at TEXT NOT NULL
) STRICT

CREATE INDEX phone_code_by_uid ON phone_code (uid, id)

CREATE INDEX phone_code_by_phone ON phone_code (phone_index, made_at)

CREATE INDEX phone_code_by_station ON phone_code (station, made_at)

CREATE INDEX phone_code_by_end ON phone_code (ends_at)

CREATE TABLE applicant_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  uid TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('code', 'received', 'asked', 'approved', 'refused', 'made', 'on_its_way', 'not_home', 'handed_over',
    'late')),
  ref INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'no_way', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0,
  means TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  due_at TEXT NOT NULL,
  ended_at TEXT,
  UNIQUE (uid, kind, ref),
  CHECK ((state = 'pending') = (ended_at IS NULL))
) STRICT

CREATE INDEX applicant_message_due ON applicant_message (due_at) WHERE state = 'pending'
"""

# The way of a printed badge to the door, and the buildings of each grid. Neither says where anybody lives.
DELIVERIES = """
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  badge_id INTEGER NOT NULL REFERENCES badge (id),
  step TEXT NOT NULL CHECK (step IN ('taken', 'put_back', 'not_home', 'agreed', 'refused')),
  next_on TEXT,
  staff_id INTEGER REFERENCES staff (id),
  form_id TEXT UNIQUE,
  at TEXT NOT NULL,
  CHECK ((next_on IS NOT NULL) = (step IN ('not_home', 'agreed')))
) STRICT

CREATE INDEX delivery_by_badge ON delivery (badge_id, id)

CREATE TABLE grid (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  community_id INTEGER NOT NULL REFERENCES community (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  buildings TEXT NOT NULL,
  UNIQUE (community_id, name)
) STRICT
"""

# Records that stay true: the half-yearly questions, what a family may do by itself, moving away, the end of a record.
# Answers and confirmations name the record and the question, never what was said.
STAYING_TRUE = """
CREATE TABLE record_answer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  question TEXT NOT NULL CHECK (question IN ('phone', 'home', 'photo', 'health')),
  contact_id INTEGER REFERENCES contact (id) ON DELETE CASCADE,
  answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'unreached')),
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL,
  CHECK ((question = 'phone') = (contact_id IS NOT NULL))
) STRICT

CREATE INDEX record_answer_by_elder ON record_answer (elder_id, id)

CREATE TABLE record_confirmed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT

CREATE INDEX record_confirmed_newest ON record_confirmed (elder_id, at)

CREATE TABLE record_week (
  station INTEGER NOT NULL REFERENCES station (number),
  week TEXT NOT NULL,
  due INTEGER NOT NULL CHECK (due > 0),
  made_at TEXT NOT NULL,
  seen_at TEXT,
  seen_by INTEGER REFERENCES staff (id),
  PRIMARY KEY (station, week)
) STRICT, WITHOUT ROWID
"""

# A link is derived from the keyring, a code too: only their fingerprints are kept.
FAMILY_ENTRY = """
CREATE TABLE family_entry (
  contact_id INTEGER PRIMARY KEY REFERENCES contact (id) ON DELETE CASCADE,
  turn INTEGER NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  given_by INTEGER REFERENCES staff (id),
  given_at TEXT NOT NULL,
  ended_at TEXT
) STRICT

CREATE TABLE family_code (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  contact_id INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
  code_index BLOB NOT NULL,
  means TEXT NOT NULL CHECK (means IN ('told', 'sent')),
  tries INTEGER NOT NULL DEFAULT 0,
  made_by INTEGER REFERENCES staff (id),
  made_at TEXT NOT NULL,
  until TEXT NOT NULL,
  ended_at TEXT
) STRICT

CREATE INDEX family_code_open ON family_code (contact_id) WHERE ended_at IS NULL

CREATE INDEX family_code_made ON family_code (contact_id, made_at)

CREATE TABLE family_session (
  token_hash BLOB PRIMARY KEY,
  contact_id INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
  until TEXT NOT NULL
) STRICT, WITHOUT ROWID

CREATE TABLE family_proposal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  contact_id INTEGER REFERENCES contact (id) ON DELETE SET NULL,
  field TEXT NOT NULL CHECK (field IN ('phone', 'address', 'health_notes', 'history', 'other', 'leave')),
  content BLOB NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'refused', 'withdrawn')),
  made_at TEXT NOT NULL,
  decided_at TEXT,
  decided_by INTEGER REFERENCES staff (id),
  CHECK ((state = 'open') = (decided_at IS NULL))
) STRICT

CREATE INDEX audit_by_object ON audit (object, seq)

CREATE UNIQUE INDEX family_proposal_open ON family_proposal (elder_id, contact_id, field) WHERE state = 'open'
"""

LEAVING = """
CREATE TABLE elder_move (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  from_station INTEGER NOT NULL REFERENCES station (number),
  to_station INTEGER NOT NULL REFERENCES station (number),
  state TEXT NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'accepted', 'refused', 'withdrawn')),
  given_by TEXT NOT NULL CHECK (given_by IN ('elder', 'guardian', 'relative')),
  means TEXT NOT NULL CHECK (means IN ('desk', 'paper')),
  offered_by INTEGER REFERENCES staff (id),
  offered_at TEXT NOT NULL,
  decided_by INTEGER REFERENCES staff (id),
  decided_at TEXT,
  CHECK (from_station <> to_station),
  CHECK ((state = 'offered') = (decided_at IS NULL))
) STRICT

CREATE UNIQUE INDEX elder_move_offered ON elder_move (elder_id) WHERE state = 'offered'

CREATE INDEX elder_move_to ON elder_move (to_station) WHERE state = 'offered'

CREATE TABLE elder_ending (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  why TEXT NOT NULL CHECK (why IN ('moved', 'deceased', 'left')),
  day TEXT NOT NULL DEFAULT '',
  badges TEXT NOT NULL DEFAULT '{}',
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL,
  erase_at TEXT NOT NULL,
  undone_at TEXT,
  undone_by INTEGER REFERENCES staff (id),
  erased_at TEXT,
  CHECK (undone_at IS NULL OR erased_at IS NULL)
) STRICT

CREATE UNIQUE INDEX elder_ending_running ON elder_ending (elder_id) WHERE undone_at IS NULL

CREATE INDEX elder_ending_due ON elder_ending (erase_at) WHERE undone_at IS NULL AND erased_at IS NULL
"""

SCRIPTS = (IMPORTS, COVERAGE, PARTNERS, FROM_HOME, DELIVERIES, STAYING_TRUE, FAMILY_ENTRY, LEAVING)
