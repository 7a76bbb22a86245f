"""The third schema as SQL: landmarks, what a finder is shown in need, receipts, doubts, and counted floods."""

# Places have names of their own, not of people, so they are stored as they are.
LANDMARKS = """
CREATE TABLE landmark (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  community_id INTEGER REFERENCES community (id),
  kind TEXT NOT NULL CHECK (kind IN
    ('shop', 'stop', 'gate', 'lamp_post', 'square', 'school', 'hospital', 'station', 'police', 'other')),
  name TEXT NOT NULL CHECK (name <> ''),
  also TEXT NOT NULL DEFAULT '',
  lat REAL NOT NULL CHECK (lat BETWEEN -90 AND 90),
  lon REAL NOT NULL CHECK (lon BETWEEN -180 AND 180),
  code TEXT NOT NULL UNIQUE,
  safe INTEGER NOT NULL DEFAULT 0 CHECK (safe IN (0, 1)),
  hours TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  created_by INTEGER REFERENCES staff (id),
  created_at TEXT NOT NULL,
  retired_at TEXT
) STRICT

CREATE UNIQUE INDEX landmark_by_name ON landmark (station, kind, name, lat, lon) WHERE retired_at IS NULL

CREATE INDEX landmark_safe ON landmark (station) WHERE safe = 1 AND retired_at IS NULL

CREATE TABLE landmark_key (
  key TEXT NOT NULL CHECK (key <> ''),
  landmark_id INTEGER NOT NULL REFERENCES landmark (id) ON DELETE CASCADE,
  strong INTEGER NOT NULL CHECK (strong IN (0, 1)),
  PRIMARY KEY (key, landmark_id)
) STRICT, WITHOUT ROWID

CREATE INDEX landmark_key_by_landmark ON landmark_key (landmark_id)
"""

# A finder's later reports, by the page that they came from; and what the officer of an open incident shows to one
# finder (by their first report) for half an hour.
DISCLOSURES = """
CREATE TABLE scan_follows (
  scan_id INTEGER PRIMARY KEY REFERENCES scan (id),
  first_id INTEGER NOT NULL REFERENCES scan (id)
) STRICT

CREATE INDEX scan_follows_first ON scan_follows (first_id)

CREATE TABLE disclosure (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  scan_id INTEGER NOT NULL REFERENCES scan (id),
  item TEXT NOT NULL CHECK (item IN ('call_name', 'photo', 'health_notes', 'voice')),
  reason TEXT NOT NULL CHECK (reason IN ('consent', 'break_glass')),
  cause TEXT NOT NULL DEFAULT '' CHECK (cause IN ('', 'unconscious', 'treatment', 'danger', 'other')),
  words BLOB,
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  at TEXT NOT NULL,
  until TEXT NOT NULL,
  ended_at TEXT,
  CHECK ((reason = 'break_glass') = (cause <> ''))
) STRICT

CREATE INDEX disclosure_by_scan ON disclosure (scan_id)

CREATE INDEX disclosure_by_incident ON disclosure (incident_id)

CREATE TABLE voice_clip (
  elder_id INTEGER PRIMARY KEY REFERENCES elder (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/webm', 'audio/wav')),
  audio BLOB NOT NULL,
  made_by INTEGER REFERENCES staff (id),
  made_at TEXT NOT NULL
) STRICT
"""

RECEIPTS = """
CREATE TABLE receipt (
  code_hash BLOB PRIMARY KEY,
  scan_id INTEGER NOT NULL UNIQUE REFERENCES scan (id),
  issued_at TEXT NOT NULL
) STRICT, WITHOUT ROWID

CREATE TABLE badge_doubt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  serial INTEGER,
  kind TEXT NOT NULL CHECK (kind IN ('wrong_page', 'asked_for_money', 'copied', 'other')),
  note BLOB,
  source BLOB NOT NULL,
  at TEXT NOT NULL,
  seen_at TEXT,
  seen_by INTEGER REFERENCES staff (id)
) STRICT

CREATE INDEX badge_doubt_unseen ON badge_doubt (station, id) WHERE seen_at IS NULL
"""

# What a flood repeats is counted at a scan that is there; `told` is what the last of them told, sealed.
# A sighting is a report that may ring in an open incident: from a new source, or of another place.
FLOODS = """
CREATE TABLE scan_count (
  scan_id INTEGER PRIMARY KEY REFERENCES scan (id),
  more INTEGER NOT NULL CHECK (more > 0),
  last_at TEXT NOT NULL,
  told BLOB
) STRICT

CREATE INDEX scan_by_source ON scan (station, serial, act, source, id)

CREATE TABLE sighting (
  event_id INTEGER PRIMARY KEY REFERENCES event (id),
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  scan_id INTEGER NOT NULL REFERENCES scan (id),
  source BLOB NOT NULL,
  lane TEXT NOT NULL CHECK (lane IN ('plain', 'evidence')),
  fresh INTEGER NOT NULL CHECK (fresh IN (0, 1)),
  moved INTEGER NOT NULL CHECK (moved IN (0, 1)),
  at TEXT NOT NULL
) STRICT

CREATE INDEX sighting_by_source ON sighting (incident_id, source, lane, at)

CREATE INDEX sighting_fresh ON sighting (incident_id, lane, event_id) WHERE fresh = 1

CREATE INDEX sighting_moved ON sighting (incident_id, lane, event_id) WHERE moved = 1

CREATE INDEX event_of_sender ON event (incident_id, slot, id) WHERE actor = 'sender'

CREATE INDEX event_told_place ON event (incident_id, id)
  WHERE kind = 'place' AND detail NOT IN ('better', 'moved')
"""

SCRIPTS = (LANDMARKS, DISCLOSURES, RECEIPTS, FLOODS)
