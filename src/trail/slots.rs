//! The keys that are read of a record, and where their values stand in its text.
//!
//! Values stay as they were written until someone asks; nothing is decoded or copied here.

macro_rules! keys {
    ($($key:ident = $name:literal),* $(,)?) => {
        /// The keys that anything here reads, of records and of the objects in them.
        /// Source: CloudTrail user guide, "CloudTrail record contents".
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(super) enum Key {
            $($key),*
        }

        const KEYS: usize = [$(Key::$key),*].len();

        #[inline(always)]
        pub(super) fn key_of(name: &[u8]) -> Option<Key> {
            match name {
                $($name => Some(Key::$key),)*
                _ => None,
            }
        }
    };
}

keys! {
    EventVersion = b"eventVersion",
    EventTime = b"eventTime",
    EventSource = b"eventSource",
    EventName = b"eventName",
    EventId = b"eventID",
    RequestId = b"requestID",
    EventType = b"eventType",
    EventCategory = b"eventCategory",
    Region = b"awsRegion",
    Recipient = b"recipientAccountId",
    SourceAddress = b"sourceIPAddress",
    UserAgent = b"userAgent",
    ErrorCode = b"errorCode",
    ErrorMessage = b"errorMessage",
    ReadOnly = b"readOnly",
    SharedEventId = b"sharedEventID",
    VpcEndpoint = b"vpcEndpointId",
    Identity = b"userIdentity",
    Parameters = b"requestParameters",
    Resources = b"resources",
    ServiceDetails = b"serviceEventDetails",
    Addendum = b"addendum",
    // Of `userIdentity`, its `sessionContext` and that one's `sessionIssuer`.
    Type = b"type",
    PrincipalId = b"principalId",
    Arn = b"arn",
    AccountId = b"accountId",
    InvokedBy = b"invokedBy",
    SessionContext = b"sessionContext",
    SessionIssuer = b"sessionIssuer",
    // Of `requestParameters` and `serviceEventDetails`.
    Repository = b"repositoryName",
    Registry = b"registryId",
}

/// Keys whose values are the same in nearly all records of a file, and how many they are.
pub(super) const STEADY: usize = 5;

/// The index of such a key.
pub(super) fn steady(key: Key) -> Option<usize> {
    Some(match key {
        Key::EventVersion => 0,
        Key::Region => 1,
        Key::Recipient => 2,
        Key::EventCategory => 3,
        Key::EventType => 4,
        _ => return None,
    })
}

/// Where the values of one record stand in the text, as written (strings with their quotes).
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    pub(super) spans: [(u32, u32); KEYS],
    /// One bit for each key whose value is a string with a backslash.
    pub(super) escapes: u64,
    /// Numbers of the values of steady keys: the same number is the same value. 0 when unknown.
    pub(super) same: [u32; STEADY],
}

impl Slots {
    pub(super) const NONE: Self = Self {
        spans: [(0, 0); KEYS],
        escapes: 0,
        same: [0; STEADY],
    };

    /// Notes where the value of a key stands.
    #[inline(always)]
    pub(super) fn put(&mut self, key: Key, start: usize, end: usize, has_escape: bool) {
        if let Some(span) = self.spans.get_mut(key as usize) {
            *span = (start as u32, end as u32);
        }
        let bit = 1u64 << key as u64;
        self.escapes = (self.escapes & !bit) | (u64::from(has_escape) << key as u64);
    }

    /// The number of the value of a steady key; 0 when it is not known to be an earlier one.
    #[inline(always)]
    pub(super) fn same(&self, key: Key) -> u32 {
        steady(key)
            .and_then(|steady| self.same.get(steady))
            .copied()
            .unwrap_or(0)
    }

    /// What stands between the quotes of a string without escapes; `None` for anything else.
    #[inline(always)]
    pub(super) fn plain<'a>(&self, text: &'a [u8], key: Key) -> Option<&'a [u8]> {
        if self.escapes & (1 << key as u64) != 0 {
            return None;
        }
        match self.raw(text, key)? {
            [b'"', inside @ .., b'"'] => Some(inside),
            _ => None,
        }
    }

    /// The value of a key as written; `None` when the record does not have the key.
    #[inline(always)]
    pub(super) fn raw<'a>(&self, text: &'a [u8], key: Key) -> Option<&'a [u8]> {
        let (start, end) = self.spans[key as usize];
        if end == 0 {
            return None;
        }
        text.get(start as usize..end as usize)
    }
}
