CREATE TABLE nights (
    key    TEXT PRIMARY KEY,
    from_s INTEGER NOT NULL,
    to_s   INTEGER NOT NULL,
    body   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE incidents (
    id          TEXT PRIMARY KEY,
    family      TEXT NOT NULL,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    signal      TEXT NOT NULL,
    first_night TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE sightings (
    incident TEXT NOT NULL REFERENCES incidents(id),
    night    TEXT NOT NULL REFERENCES nights(key),
    body     TEXT NOT NULL,
    PRIMARY KEY (incident, night)
) WITHOUT ROWID;
