CREATE TABLE gates (
    id     INTEGER PRIMARY KEY,
    at_s   INTEGER NOT NULL,
    region TEXT NOT NULL,
    body   TEXT NOT NULL
);
CREATE INDEX gates_by_time ON gates (region, at_s);
CREATE TABLE deliveries (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    night   TEXT NOT NULL,
    state   TEXT NOT NULL,
    why     TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;
