//! The words of redaction: how much is hidden, what a value is, and who speaks.

/// How much is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only secrets are removed.
    Off,
    /// Identities too: accounts, principals, sessions, addresses, endpoints, hosts, people.
    Ids,
    /// Names as well: repositories, images, request and event IDs, input files.
    All,
}

impl Level {
    /// The word used on the command line and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ids => "ids",
            Self::All => "all",
        }
    }
}

/// What a value is; its word starts the pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Kind {
    Account,
    Role,
    User,
    Principal,
    Session,
    Ip,
    Endpoint,
    Instance,
    Network,
    Host,
    Mail,
    Bucket,
    Key,
    Repository,
    Resource,
    Digest,
    Request,
    Event,
    Id,
    File,
    Encoded,
    /// A text that happens to look like a pseudonym, hidden so that no two things share a name.
    Literal,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 22] = [
        Self::Account,
        Self::Role,
        Self::User,
        Self::Principal,
        Self::Session,
        Self::Ip,
        Self::Endpoint,
        Self::Instance,
        Self::Network,
        Self::Host,
        Self::Mail,
        Self::Bucket,
        Self::Key,
        Self::Repository,
        Self::Resource,
        Self::Digest,
        Self::Request,
        Self::Event,
        Self::Id,
        Self::File,
        Self::Encoded,
        Self::Literal,
    ];

    /// How its pseudonyms begin. No word ends with another one, so that a pseudonym behind a letter
    /// cannot be read as another pseudonym (a test checks it).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "acct",
            Self::Role => "role",
            Self::User => "user",
            Self::Principal => "principal",
            Self::Session => "session",
            Self::Ip => "ip",
            Self::Endpoint => "vpce",
            Self::Instance => "inst",
            Self::Network => "net",
            Self::Host => "host",
            Self::Mail => "mail",
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Repository => "repo",
            Self::Resource => "res",
            Self::Digest => "digest",
            Self::Request => "request",
            Self::Event => "event",
            Self::Id => "uid",
            Self::File => "file",
            Self::Encoded => "enc",
            Self::Literal => "literal",
        }
    }
}

/// Where a text comes from; it decides what a name that is also an everyday word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Our own sentences, which may hold names: a word is a name only where it stands like one.
    Ours,
    /// A value or message from logs: every occurrence of a name is the name.
    Log,
    /// A command to copy: our words, with names as its arguments.
    Command,
    /// A finished output, markup and all, in which our own words stand as they are.
    Output,
}
