"""The sixth schema as SQL: what the station tells its staff about itself, drills, repairs, the climate, afterwords."""

# The kinds of alerts that are new; schema.py makes the table anew with them, whatever it holds by then.
KINDS = ("tonight", "report", "entry")

# A bulletin's content are codes and numbers of vocabulary and readiness, never names. `about` of an alert names it.
BULLETINS = """
CREATE TABLE bulletin (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  kind TEXT NOT NULL CHECK (kind IN ('tonight', 'report')),
  day TEXT NOT NULL,
  good INTEGER NOT NULL CHECK (good IN (0, 1)),
  content TEXT NOT NULL,
  asked_by INTEGER REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT

CREATE UNIQUE INDEX bulletin_of_a_day ON bulletin (station, kind, day) WHERE asked_by IS NULL

CREATE TABLE hotline_test (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT

CREATE INDEX hotline_test_newest ON hotline_test (station, id)
"""

DRILLS = """
CREATE TABLE drill_badge (
  station INTEGER PRIMARY KEY REFERENCES station (number),
  badge_id INTEGER NOT NULL UNIQUE REFERENCES badge (id)
) STRICT

CREATE TABLE drill_plan (
  station INTEGER PRIMARY KEY REFERENCES station (number),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 0 AND 6),
  minute INTEGER NOT NULL CHECK (minute BETWEEN 0 AND 1439),
  since TEXT NOT NULL
) STRICT

CREATE TABLE drill (
  incident_id INTEGER PRIMARY KEY REFERENCES incident (id),
  station INTEGER NOT NULL REFERENCES station (number),
  started_by INTEGER REFERENCES staff (id),
  started_at TEXT NOT NULL,
  ended_at TEXT
) STRICT

CREATE INDEX drill_by_station ON drill (station, incident_id)

CREATE INDEX drill_running ON drill (incident_id) WHERE ended_at IS NULL
"""

SELFWATCH = """
CREATE TABLE repair (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('late_alert', 'stuck_attempt', 'clock')),
  incident_id INTEGER REFERENCES incident (id),
  count INTEGER NOT NULL CHECK (count > 0)
) STRICT

CREATE INDEX repair_by_kind ON repair (kind, at)

CREATE INDEX event_moves ON event (incident_id, id) WHERE to_state IS NOT NULL
"""

# The usual coldest and warmest temperature of a day in each month, in degrees Celsius.
CARE = """
CREATE TABLE climate (
  station INTEGER NOT NULL REFERENCES station (number),
  month INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12),
  coldest REAL NOT NULL CHECK (coldest BETWEEN -60 AND 50),
  warmest REAL NOT NULL CHECK (warmest BETWEEN -60 AND 60),
  PRIMARY KEY (station, month),
  CHECK (coldest <= warmest)
) STRICT, WITHOUT ROWID

CREATE TABLE afterword (
  incident_id INTEGER PRIMARY KEY REFERENCES incident (id),
  content BLOB NOT NULL,
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  at TEXT NOT NULL
) STRICT
"""

# What the sender must not forget or look up slowly: whose term it is, and for how long a provider asked to be spared.
SENDING = """
CREATE TABLE lead (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  term INTEGER NOT NULL,
  since TEXT NOT NULL
) STRICT

INSERT INTO lead (id, term, since) VALUES (1, 0, '')

ALTER TABLE attempt ADD COLUMN pause_s REAL

ALTER TABLE alert ADD COLUMN turn INTEGER NOT NULL DEFAULT 0

CREATE INDEX alert_by_uid ON alert (uid)

CREATE INDEX alert_refused ON alert (incident_id, ring_round, step) WHERE state = 'failed' AND kind = 'ladder'
"""

# What providers say later of an attempt, at most one row for each; whoever took the incident by it did so once. What
# cannot be found is counted by the day, and days fall away.
ANSWERS = """
CREATE TABLE delivery_report (
  attempt_id INTEGER PRIMARY KEY REFERENCES attempt (id) ON DELETE CASCADE,
  state TEXT NOT NULL DEFAULT '' CHECK (state IN ('', 'delivered', 'failed')),
  word TEXT NOT NULL DEFAULT '',
  told_at TEXT,
  at TEXT NOT NULL,
  pressed_at TEXT
) STRICT

CREATE TABLE door_count (
  channel_id INTEGER NOT NULL REFERENCES channel (id),
  day TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('delivered', 'failed', 'unknown', 'refused')),
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (channel_id, day, what)
) STRICT, WITHOUT ROWID

CREATE INDEX attempt_by_provider ON attempt (provider_id) WHERE provider_id IS NOT NULL
"""

# How often the address at which a channel's provider reports was renewed.
DOORS = """
ALTER TABLE channel ADD COLUMN door_epoch INTEGER NOT NULL DEFAULT 0
"""

# What is left of what runs out in silence: asked at the provider, or typed with the day on which somebody looked.
SUPPLIES = """
CREATE TABLE supply (
  channel_id INTEGER PRIMARY KEY REFERENCES channel (id),
  source TEXT NOT NULL CHECK (source IN ('asked', 'typed')),
  amount REAL,
  noted TEXT,
  warn_below REAL NOT NULL CHECK (warn_below >= 0),
  trouble TEXT NOT NULL DEFAULT '',
  asked_at TEXT,
  template_state TEXT CHECK (template_state IN ('approved', 'in_review', 'rejected')),
  template_until TEXT,
  CHECK (source = 'asked' OR (amount IS NOT NULL AND noted IS NOT NULL))
) STRICT
"""

SCRIPTS = (BULLETINS, DRILLS, SELFWATCH, CARE, SENDING, ANSWERS, DOORS, SUPPLIES)
