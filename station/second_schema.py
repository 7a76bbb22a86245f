"""The second schema as SQL: a badge's life, its print batches, rehearsals and checks."""

# SQLite cannot change a CHECK in place, so the table is made anew under another name, filled and renamed
# (https://www.sqlite.org/lang_altertable.html section 7). schema.migrate switches foreign keys off meanwhile;
# with them on, dropping the old table would count as deleting every badge that a file or an incident points to.
BADGES = """
CREATE TABLE badge_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 16777215),
  number TEXT NOT NULL UNIQUE,
  elder_id INTEGER REFERENCES elder (id),
  state TEXT NOT NULL CHECK (state IN
    ('ordered', 'made', 'printed', 'worn', 'lost', 'replaced', 'revoked', 'returned')),
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
  form TEXT NOT NULL DEFAULT 'badge' CHECK (form IN ('badge', 'cloth', 'card')),
  temporary INTEGER NOT NULL DEFAULT 0 CHECK (temporary IN (0, 1)),
  replaces INTEGER REFERENCES badge (id),
  bound_at TEXT,
  printed_at TEXT,
  window_for TEXT NOT NULL DEFAULT '' CHECK (window_for IN ('', 'test', 'check', 'rehearsal')),
  window_by INTEGER REFERENCES staff (id),
  UNIQUE (station, serial)
) STRICT

INSERT INTO badge_new (id, station, serial, number, elder_id, state, key_digit, artwork, theme, problem,
  ordered_by, ordered_at, made_at, activated_at, ended_at, window_until)
SELECT id, station, serial, number, elder_id, state, key_digit, artwork, theme, problem,
  ordered_by, ordered_at, made_at, activated_at, ended_at, window_until FROM badge

DROP TABLE badge

ALTER TABLE badge_new RENAME TO badge

CREATE INDEX badge_by_elder ON badge (elder_id)

CREATE INDEX badge_to_make ON badge (id) WHERE state = 'ordered'

CREATE INDEX badge_not_worn ON badge (station, id) WHERE state IN ('ordered', 'made', 'printed')
"""

LIFE = """
CREATE TABLE print_batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  station INTEGER NOT NULL REFERENCES station (number),
  kind TEXT NOT NULL CHECK (kind IN ('sheet', 'package')),
  state TEXT NOT NULL DEFAULT 'ordered' CHECK (state IN ('ordered', 'made', 'printed')),
  problem TEXT NOT NULL DEFAULT '',
  ordered_by INTEGER REFERENCES staff (id),
  ordered_at TEXT NOT NULL,
  made_at TEXT,
  printed_at TEXT,
  sha256 TEXT NOT NULL DEFAULT '',
  content BLOB,
  manifest TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'ordered') = (content IS NULL)),
  CHECK ((state = 'ordered') = (made_at IS NULL))
) STRICT

CREATE INDEX print_batch_to_make ON print_batch (id) WHERE state = 'ordered'

CREATE TABLE print_batch_badge (
  batch_id INTEGER NOT NULL REFERENCES print_batch (id),
  badge_id INTEGER NOT NULL REFERENCES badge (id),
  PRIMARY KEY (batch_id, badge_id)
) STRICT, WITHOUT ROWID

CREATE INDEX print_batch_by_badge ON print_batch_badge (badge_id)

CREATE TABLE rehearsal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  badge_id INTEGER NOT NULL REFERENCES badge (id),
  staff_id INTEGER REFERENCES staff (id),
  started_at TEXT NOT NULL
) STRICT

CREATE INDEX rehearsal_by_badge ON rehearsal (badge_id, id)

CREATE TABLE rehearsal_contact (
  rehearsal_id INTEGER NOT NULL REFERENCES rehearsal (id) ON DELETE CASCADE,
  contact_id INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
  token_hash BLOB NOT NULL UNIQUE,
  confirmed_at TEXT,
  confirmed_by TEXT CHECK (confirmed_by IN ('link', 'call')),
  PRIMARY KEY (rehearsal_id, contact_id),
  CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL))
) STRICT, WITHOUT ROWID

CREATE TABLE badge_check (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  badge_id INTEGER NOT NULL REFERENCES badge (id),
  at TEXT NOT NULL,
  staff_id INTEGER REFERENCES staff (id),
  result TEXT NOT NULL CHECK (result IN ('readable', 'worn_out', 'missing', 'refused')),
  means TEXT NOT NULL CHECK (means IN ('scan', 'hand'))
) STRICT

CREATE INDEX badge_check_by_badge ON badge_check (badge_id, id)

ALTER TABLE alert ADD COLUMN rehearsal_id INTEGER REFERENCES rehearsal (id)

CREATE INDEX alert_by_rehearsal ON alert (rehearsal_id) WHERE rehearsal_id IS NOT NULL
"""

SCRIPTS = (BADGES, LIFE)
