//! Classes of call outcomes. CloudTrail has no HTTP status, so the class comes from `errorCode`
//! through `queries/ecr/classes.toml`; an unknown code is `unclassified`, never a guess.

use serde::{Deserialize, Serialize};

/// What became of one API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No error code.
    Success,
    /// AWS says the fault is its own (HTTP 5xx codes).
    ServerError,
    /// Rate exceeded.
    Throttle,
    /// Not authorised.
    Denied,
    /// The named thing does not exist; usually benign.
    NotFound,
    /// KMS, Secrets Manager or an upstream registry refused.
    Dependency,
    /// A quota on resources (images, repositories), not on rate.
    ResourceQuota,
    /// Any other mistake of the caller.
    ClientError,
    /// A code the table does not know; shown raw.
    Unclassified,
}

impl Class {
    /// All classes in report order.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::ServerError,
        Self::Throttle,
        Self::Denied,
        Self::NotFound,
        Self::Dependency,
        Self::ResourceQuota,
        Self::ClientError,
        Self::Unclassified,
    ];

    /// The word used in tables, files and flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ServerError => "server_error",
            Self::Throttle => "throttle",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Dependency => "dependency",
            Self::ResourceQuota => "resource_quota",
            Self::ClientError => "client_error",
            Self::Unclassified => "unclassified",
        }
    }

    /// The class of a word, the inverse of [`Class::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }
}
