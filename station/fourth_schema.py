"""The fourth schema as SQL: days that differ from the weekly roster, swaps, taking over, trials, codes, offers."""

# SQLite cannot change a CHECK in place, so the table is made anew (second_schema.py says how). `about` names what
# a message without an incident is about, such as trial/5 or swap/3.
ALERTS = """
CREATE TABLE alert_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  dedup TEXT NOT NULL UNIQUE,
  incident_id INTEGER REFERENCES incident (id),
  scan_id INTEGER REFERENCES scan (id),
  event_id INTEGER,
  kind TEXT NOT NULL CHECK (kind IN
    ('soft_notice', 'notice', 'ladder', 'place', 'message', 'claimed', 'closed', 'drill', 'trial', 'roster')),
  step INTEGER NOT NULL DEFAULT 0,
  ring_round INTEGER NOT NULL DEFAULT 0,
  address_id INTEGER NOT NULL REFERENCES address (id) ON DELETE CASCADE,
  staff_id INTEGER,
  contact_id INTEGER,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'accepted', 'failed', 'cancelled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at TEXT NOT NULL,
  last_detail TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  accepted_at TEXT,
  rehearsal_id INTEGER REFERENCES rehearsal (id),
  about TEXT NOT NULL DEFAULT ''
) STRICT

INSERT INTO alert_new (id, uid, dedup, incident_id, scan_id, event_id, kind, step, ring_round, address_id, staff_id,
  contact_id, state, attempts, due_at, last_detail, created_at, accepted_at, rehearsal_id)
SELECT id, uid, dedup, incident_id, scan_id, event_id, kind, step, ring_round, address_id, staff_id,
  contact_id, state, attempts, due_at, last_detail, created_at, accepted_at, rehearsal_id FROM alert

DROP TABLE alert

ALTER TABLE alert_new RENAME TO alert

CREATE INDEX alert_due ON alert (due_at) WHERE state = 'pending'

CREATE INDEX alert_sending ON alert (id) WHERE state = 'sending'

CREATE INDEX alert_by_incident ON alert (incident_id, id)

CREATE INDEX alert_by_rehearsal ON alert (rehearsal_id) WHERE rehearsal_id IS NOT NULL

CREATE INDEX alert_accepted ON alert (address_id, accepted_at) WHERE accepted_at IS NOT NULL
"""

# Days are local dates, minutes count from local midnight of the day on which a turn begins.
ROSTER = """
CREATE TABLE shift_swap (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  from_id INTEGER NOT NULL REFERENCES staff (id),
  to_id INTEGER NOT NULL REFERENCES staff (id),
  gives TEXT NOT NULL,
  takes TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'accepted', 'refused', 'withdrawn')),
  asked_at TEXT NOT NULL,
  answered_at TEXT,
  CHECK (from_id <> to_id),
  CHECK ((state = 'asked') = (answered_at IS NULL))
) STRICT

CREATE UNIQUE INDEX shift_swap_asked ON shift_swap (from_id, gives) WHERE state = 'asked'

CREATE TABLE shift_change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  day TEXT NOT NULL,
  starts_minute INTEGER NOT NULL CHECK (starts_minute BETWEEN 0 AND 1439),
  minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
  level TEXT NOT NULL CHECK (level IN ('on_duty', 'backup')),
  off_id INTEGER REFERENCES staff (id),
  on_id INTEGER REFERENCES staff (id),
  swap_id INTEGER REFERENCES shift_swap (id),
  made_by INTEGER REFERENCES staff (id),
  made_at TEXT NOT NULL,
  withdrawn_at TEXT,
  CHECK (off_id IS NOT NULL OR on_id IS NOT NULL),
  CHECK (off_id IS NOT on_id)
) STRICT

CREATE INDEX shift_change_by_day ON shift_change (station, day) WHERE withdrawn_at IS NULL

CREATE TABLE shift_takeover (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  rostered INTEGER NOT NULL CHECK (rostered IN (0, 1)),
  heard INTEGER NOT NULL CHECK (heard IN (0, 1)),
  open_incidents TEXT NOT NULL DEFAULT '',
  at TEXT NOT NULL
) STRICT

CREATE INDEX shift_takeover_newest ON shift_takeover (station, id)

CREATE TABLE trial (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  address_id INTEGER NOT NULL REFERENCES address (id) ON DELETE CASCADE,
  token_hash BLOB NOT NULL UNIQUE,
  asked_by INTEGER REFERENCES staff (id),
  asked_at TEXT NOT NULL,
  confirmed_at TEXT
) STRICT

CREATE INDEX trial_by_address ON trial (address_id, id)

CREATE INDEX trial_asked ON trial (asked_at)
"""

# A code is a person's own for one incident, like the link that it stands for; only its fingerprint is kept.
CLAIMS = """
CREATE TABLE claim_code (
  code_index BLOB PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  turn INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (incident_id, staff_id)
) STRICT, WITHOUT ROWID

CREATE TABLE claim_offer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  slot TEXT NOT NULL CHECK (slot IN ('on_site', 'liaison', 'both')),
  from_id INTEGER NOT NULL REFERENCES staff (id),
  to_id INTEGER NOT NULL REFERENCES staff (id),
  state TEXT NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'accepted', 'refused', 'withdrawn')),
  at TEXT NOT NULL,
  answered_at TEXT,
  CHECK (from_id <> to_id),
  CHECK ((state = 'offered') = (answered_at IS NULL))
) STRICT

CREATE UNIQUE INDEX claim_offer_open ON claim_offer (incident_id, from_id) WHERE state = 'offered'
"""

SCRIPTS = (ALERTS, ROSTER, CLAIMS)
