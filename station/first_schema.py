"""The first schema as SQL. Frozen: instances exist that were made by it, so a change is a migration of its own."""

KEYS = """
CREATE TABLE dek (
  subject TEXT PRIMARY KEY,
  wrapped BLOB NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID

CREATE TABLE erased (
  subject TEXT PRIMARY KEY,
  erased_at TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""

PLACES_AND_PEOPLE = """
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID

CREATE TABLE station (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
  name TEXT NOT NULL,
  hotline TEXT NOT NULL,
  area_code TEXT NOT NULL,
  address_prefix TEXT NOT NULL DEFAULT '',
  lat REAL NOT NULL,
  lon REAL NOT NULL,
  artwork TEXT NOT NULL DEFAULT 'ring',
  theme TEXT NOT NULL DEFAULT 'navy',
  policy TEXT NOT NULL
) STRICT

CREATE TABLE community (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  name TEXT NOT NULL,
  lat REAL NOT NULL,
  lon REAL NOT NULL,
  radius_m REAL NOT NULL CHECK (radius_m > 0),
  UNIQUE (station, name)
) STRICT

CREATE TABLE staff (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  username TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL CHECK (role IN ('worker', 'duty', 'secretary', 'operator')),
  station INTEGER NOT NULL REFERENCES station (number),
  community_id INTEGER REFERENCES community (id),
  person BLOB NOT NULL,
  password_hash TEXT NOT NULL,
  totp BLOB,
  totp_last INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL
) STRICT

CREATE TABLE session (
  token_hash BLOB PRIMARY KEY,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID

CREATE TABLE shift (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 0 AND 6),
  starts_minute INTEGER NOT NULL CHECK (starts_minute BETWEEN 0 AND 1439),
  minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
  level TEXT NOT NULL CHECK (level IN ('on_duty', 'backup'))
) STRICT

CREATE TABLE channel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  settings BLOB NOT NULL,
  allow_private INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 1,
  UNIQUE (station, label)
) STRICT
"""

ELDERS_AND_BADGES = """
CREATE TABLE elder (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  community_id INTEGER NOT NULL REFERENCES community (id),
  status TEXT NOT NULL DEFAULT 'living' CHECK (status IN ('living', 'moved', 'deceased')),
  name BLOB NOT NULL,
  record BLOB NOT NULL,
  card BLOB,
  identity_index BLOB,
  form_id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL DEFAULT 1,
  created_by INTEGER REFERENCES staff (id),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT

CREATE INDEX elder_by_community ON elder (station, community_id)

CREATE UNIQUE INDEX elder_by_identity ON elder (identity_index) WHERE identity_index IS NOT NULL

CREATE TABLE elder_photo (
  elder_id INTEGER PRIMARY KEY REFERENCES elder (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL,
  added_at TEXT NOT NULL
) STRICT

CREATE TABLE contact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 1),
  person BLOB NOT NULL,
  phone_index BLOB NOT NULL,
  UNIQUE (elder_id, position)
) STRICT

CREATE INDEX contact_by_phone ON contact (phone_index)

CREATE TABLE address (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  channel_id INTEGER NOT NULL REFERENCES channel (id),
  staff_id INTEGER REFERENCES staff (id) ON DELETE CASCADE,
  contact_id INTEGER REFERENCES contact (id) ON DELETE CASCADE,
  destination BLOB NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  CHECK ((staff_id IS NULL) <> (contact_id IS NULL))
) STRICT

CREATE INDEX address_by_staff ON address (staff_id) WHERE staff_id IS NOT NULL

CREATE INDEX address_by_contact ON address (contact_id) WHERE contact_id IS NOT NULL

CREATE TABLE consent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  item TEXT NOT NULL,
  given INTEGER NOT NULL CHECK (given IN (0, 1)),
  given_by TEXT NOT NULL CHECK (given_by IN ('elder', 'guardian', 'relative')),
  means TEXT NOT NULL CHECK (means IN ('desk', 'paper', 'online')),
  text_version TEXT NOT NULL,
  staff_id INTEGER REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT

CREATE INDEX consent_by_elder ON consent (elder_id, item, id)

CREATE TABLE application (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  state TEXT NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'approved', 'refused')),
  code_hash BLOB NOT NULL UNIQUE,
  form BLOB NOT NULL,
  phone_index BLOB NOT NULL,
  form_id TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL DEFAULT '',
  elder_id INTEGER REFERENCES elder (id),
  decided_by INTEGER REFERENCES staff (id),
  decided_at TEXT,
  created_at TEXT NOT NULL
) STRICT

CREATE TABLE badge (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 16777215),
  number TEXT NOT NULL UNIQUE,
  elder_id INTEGER REFERENCES elder (id),
  state TEXT NOT NULL CHECK (state IN ('ordered', 'made', 'worn', 'lost', 'replaced', 'revoked', 'returned')),
  key_digit TEXT NOT NULL,
  artwork TEXT NOT NULL,
  theme TEXT NOT NULL,
  problem TEXT NOT NULL DEFAULT '',
  ordered_by INTEGER REFERENCES staff (id),
  ordered_at TEXT NOT NULL,
  made_at TEXT,
  activated_at TEXT,
  ended_at TEXT,
  window_until TEXT,
  UNIQUE (station, serial)
) STRICT

CREATE INDEX badge_by_elder ON badge (elder_id)

CREATE INDEX badge_to_make ON badge (id) WHERE state = 'ordered'

CREATE TABLE badge_file (
  badge_id INTEGER NOT NULL REFERENCES badge (id),
  kind TEXT NOT NULL CHECK (kind IN ('pdf', 'png', 'svg')),
  sha256 TEXT NOT NULL,
  content BLOB NOT NULL,
  checked_at TEXT NOT NULL,
  checked_with TEXT NOT NULL,
  PRIMARY KEY (badge_id, kind)
) STRICT, WITHOUT ROWID
"""

INCIDENTS = """
CREATE TABLE incident (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL,
  serial INTEGER,
  badge_id INTEGER REFERENCES badge (id),
  elder_id INTEGER REFERENCES elder (id),
  community_id INTEGER REFERENCES community (id),
  community_inside INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT 'live' CHECK (kind IN ('live', 'drill')),
  source TEXT NOT NULL CHECK (source IN ('scan', 'call')),
  state TEXT NOT NULL DEFAULT 'alerting' CHECK (state IN
    ('alerting', 'acked', 'going', 'with_elder', 'at_station', 'handed_over', 'closed')),
  version INTEGER NOT NULL DEFAULT 1,
  opened_at TEXT NOT NULL,
  ring_since TEXT NOT NULL,
  ring_round INTEGER NOT NULL DEFAULT 1,
  on_site_by INTEGER REFERENCES staff (id),
  liaison_by INTEGER REFERENCES staff (id),
  lease_until TEXT,
  arrives_at TEXT,
  policy TEXT NOT NULL,
  prior_id INTEGER REFERENCES incident (id),
  outcome TEXT CHECK (outcome IN ('reunited', 'hospital', 'police', 'gone_before_arrival', 'family_resolved',
    'tag_only', 'false_alarm', 'test', 'drill', 'merged', 'died')),
  closed_at TEXT,
  CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
  CHECK ((state = 'closed') = (outcome IS NOT NULL))
) STRICT

CREATE UNIQUE INDEX one_open_incident_a_badge ON incident (station, serial)
  WHERE closed_at IS NULL AND serial IS NOT NULL

CREATE UNIQUE INDEX one_open_incident_an_elder ON incident (elder_id)
  WHERE closed_at IS NULL AND elder_id IS NOT NULL

CREATE INDEX incident_open ON incident (station, id) WHERE closed_at IS NULL

CREATE INDEX incident_by_badge ON incident (station, serial, id)

CREATE INDEX incident_by_elder ON incident (elder_id, id)

CREATE TABLE scan (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  request_hash BLOB NOT NULL UNIQUE,
  incident_id INTEGER REFERENCES incident (id),
  station INTEGER NOT NULL,
  serial INTEGER,
  badge_id INTEGER REFERENCES badge (id),
  act TEXT NOT NULL CHECK (act IN
    ('opened', 'with_elder', 'called', 'hurt', 'cannot_stay', 'gone', 'tag_only', 'test', 'phoned')),
  status_hash BLOB NOT NULL UNIQUE,
  code TEXT NOT NULL,
  source BLOB NOT NULL,
  has_place INTEGER NOT NULL DEFAULT 0,
  spooled INTEGER NOT NULL DEFAULT 0,
  at TEXT NOT NULL
) STRICT

CREATE INDEX scan_by_incident ON scan (incident_id, id)

CREATE INDEX scan_by_code ON scan (station, code, at)

CREATE INDEX scan_by_badge ON scan (station, serial, id)

CREATE TABLE scan_content (
  scan_id INTEGER PRIMARY KEY REFERENCES scan (id) ON DELETE CASCADE,
  content BLOB NOT NULL
) STRICT

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident_id INTEGER REFERENCES incident (id),
  at TEXT NOT NULL,
  actor TEXT NOT NULL CHECK (actor IN ('finder', 'staff', 'family', 'sender', 'system')),
  staff_id INTEGER,
  kind TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT,
  slot TEXT,
  scan_id INTEGER,
  detail TEXT NOT NULL DEFAULT ''
) STRICT

CREATE INDEX event_by_incident ON event (incident_id, id)

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  scan_id INTEGER REFERENCES scan (id),
  side TEXT NOT NULL CHECK (side IN ('finder', 'station')),
  staff_id INTEGER,
  content BLOB NOT NULL,
  at TEXT NOT NULL
) STRICT

CREATE INDEX message_by_incident ON message (incident_id, id)

CREATE TABLE handover (
  incident_id INTEGER PRIMARY KEY REFERENCES incident (id),
  content BLOB NOT NULL,
  staff_id INTEGER NOT NULL,
  at TEXT NOT NULL
) STRICT
"""

ALERTS = """
CREATE TABLE alert (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  dedup TEXT NOT NULL UNIQUE,
  incident_id INTEGER REFERENCES incident (id),
  scan_id INTEGER REFERENCES scan (id),
  event_id INTEGER,
  kind TEXT NOT NULL CHECK (kind IN
    ('soft_notice', 'notice', 'ladder', 'place', 'message', 'claimed', 'closed', 'drill')),
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
  accepted_at TEXT
) STRICT

CREATE INDEX alert_due ON alert (due_at) WHERE state = 'pending'

CREATE INDEX alert_sending ON alert (id) WHERE state = 'sending'

CREATE INDEX alert_by_incident ON alert (incident_id, id)

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('sending', 'ok', 'retry', 'permanent', 'unknown')),
  provider_id TEXT,
  detail TEXT NOT NULL DEFAULT '',
  UNIQUE (alert_id, number)
) STRICT

CREATE TABLE link (
  token_hash BLOB PRIMARY KEY,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  staff_id INTEGER REFERENCES staff (id) ON DELETE CASCADE,
  contact_id INTEGER REFERENCES contact (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  CHECK ((staff_id IS NULL) <> (contact_id IS NULL))
) STRICT, WITHOUT ROWID

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  staff_id INTEGER,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  code BLOB NOT NULL
) STRICT
"""

APPEND_ONLY = """
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END

CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""

SCRIPTS = (PLACES_AND_PEOPLE, ELDERS_AND_BADGES, INCIDENTS, ALERTS, APPEND_ONLY)
