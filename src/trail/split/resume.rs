//! Where records go on after damage.
//!
//! A guess by design: it must find the next record of every known layout and should not take the
//! inside of a record for one. What it finds is parsed like everything else, so that a wrong guess
//! costs a count, never a wrong row.

/// How far before and behind a place the guess may look.
pub(super) const LOOK_AROUND: usize = 512;

/// Keys a record, a LookupEvents item, an EventBridge event or a log event may begin with. Inside
/// of records objects of a list rarely do.
const FIRST_KEYS: [&[u8]; 40] = [
    b"CloudTrailEvent",
    b"EventId",
    b"EventName",
    b"EventSource",
    b"EventTime",
    b"AccessKeyId",
    b"ReadOnly",
    b"Resources",
    b"Username",
    b"addendum",
    b"additionalEventData",
    b"apiVersion",
    b"awsRegion",
    b"detail",
    b"detail-type",
    b"errorCode",
    b"errorMessage",
    b"eventCategory",
    b"eventContext",
    b"eventID",
    b"eventId",
    b"eventName",
    b"eventSource",
    b"eventTime",
    b"eventType",
    b"eventVersion",
    b"ingestionTime",
    b"insightDetails",
    b"logStreamName",
    b"managementEvent",
    b"readOnly",
    b"recipientAccountId",
    b"requestID",
    b"requestParameters",
    b"resources",
    b"responseElements",
    b"serviceEventDetails",
    b"sourceIPAddress",
    b"userAgent",
    b"userIdentity",
];

/// The next place in `buf[from..to]` where a record may start. `top` says that no list is open:
/// then any object or time stamp at the start of a line will do.
pub(super) fn next_start(buf: &[u8], from: usize, to: usize, top: bool) -> Option<usize> {
    let before = buf.get(..from).unwrap_or_default();
    let mut raw = before.last().copied().unwrap_or(b'\n');
    let mut text = before
        .iter()
        .rev()
        .take(LOOK_AROUND)
        .find(|b| !b.is_ascii_whitespace())
        .copied()
        .unwrap_or(b',');
    for (at, byte) in buf.iter().enumerate().take(to).skip(from) {
        let line_start = raw == b'\n';
        match byte {
            b'{' if top && line_start => return Some(at),
            b'{' if (text == b',' || line_start) && key_follows(buf, at + 1) => return Some(at),
            b'0'..=b'9' if top && line_start => return Some(at),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            text = *byte;
        }
        raw = *byte;
    }
    None
}

fn key_follows(buf: &[u8], at: usize) -> bool {
    let ahead = buf.get(at..).unwrap_or_default();
    let ahead = ahead.get(..LOOK_AROUND / 2).unwrap_or(ahead);
    let Some(rest) = ahead.trim_ascii_start().strip_prefix(b"\"") else {
        return false;
    };
    FIRST_KEYS.iter().any(|key| {
        rest.strip_prefix(*key)
            .is_some_and(|end| end.starts_with(b"\""))
    })
}
