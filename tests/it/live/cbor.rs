//! As much CBOR as CloudWatch and Health speak (RFC 8949; Smithy RPC v2): JSON values both ways.
//!
//! A time is a number under tag 1; in JSON it is `{"$time": seconds}` on the way out and a plain
//! number on the way in.

use serde_json::{Map, Value, json};

/// A time for [`encode`].
pub(crate) fn time(seconds: f64) -> Value {
    json!({ "$time": seconds })
}

/// The bytes of a value.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(false) => out.push(0xf4),
        Value::Bool(true) => out.push(0xf5),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => head(0, whole, out),
            (None, Some(negative)) => head(1, negative.unsigned_abs() - 1, out),
            _ => {
                out.push(0xfb);
                out.extend(number.as_f64().unwrap().to_be_bytes());
            }
        },
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Value::Array(list) => {
            head(4, list.len() as u64, out);
            list.iter().for_each(|one| put(one, out));
        }
        Value::Object(map) => {
            if let Some(seconds) = map.get("$time") {
                head(6, 1, out);
                out.push(0xfb);
                out.extend(seconds.as_f64().unwrap().to_be_bytes());
                return;
            }
            head(5, map.len() as u64, out);
            for (key, one) in map {
                put(&Value::from(key.as_str()), out);
                put(one, out);
            }
        }
    }
}

fn head(major: u8, length: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match length {
        0..=23 => out.push(major | length as u8),
        24..=0xff => out.extend([major | 24, length as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((length as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((length as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(length.to_be_bytes());
        }
    }
}

/// The value of some bytes; an empty body is an empty object.
pub(crate) fn decode(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return json!({});
    }
    let mut at = bytes;
    get(&mut at).expect("the SDK writes an item")
}

fn take<'a>(at: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = at.split_at(count);
    *at = rest;
    taken
}

/// `None` is the end of something of open length.
fn get(at: &mut &[u8]) -> Option<Value> {
    let first = take(at, 1)[0];
    let (major, low) = (first >> 5, first & 31);
    if first == 0xff {
        return None;
    }
    let length = match low {
        0..=23 => Some(u64::from(low)),
        31 => None,
        _ => {
            let bytes = take(at, 1 << (low - 24));
            Some(
                bytes
                    .iter()
                    .fold(0, |all, byte| (all << 8) | u64::from(*byte)),
            )
        }
    };
    let known = length.unwrap_or(u64::MAX);
    Some(match major {
        0 => json!(known),
        1 => json!(-1 - known as i64),
        2 | 3 => match length {
            Some(length) => String::from_utf8(take(at, length as usize).to_vec())
                .unwrap()
                .into(),
            None => {
                let mut text = String::new();
                while let Some(piece) = get(at) {
                    text.push_str(piece.as_str().unwrap());
                }
                text.into()
            }
        },
        4 => {
            let mut list = Vec::new();
            while (list.len() as u64) < known {
                let Some(one) = get(at) else { break };
                list.push(one);
            }
            Value::Array(list)
        }
        5 => {
            let mut map = Map::new();
            let mut pairs = 0;
            while pairs < known {
                let Some(key) = get(at) else { break };
                map.insert(key.as_str().unwrap().to_owned(), get(at).unwrap());
                pairs += 1;
            }
            Value::Object(map)
        }
        6 => get(at).unwrap(),
        _ => match low {
            20 => json!(false),
            21 => json!(true),
            26 => json!(f32::from_bits(known as u32)),
            27 => json!(f64::from_bits(known)),
            _ => Value::Null,
        },
    })
}

#[test]
fn values_survive_the_way_out_and_back() {
    for value in [
        json!({"a": [1, -5, 300, 70_000, 5_000_000_000_u64], "b": {"c": "ü", "d": null}}),
        json!([true, false, 1.5, -0.25, "x".repeat(300)]),
    ] {
        assert_eq!(decode(&encode(&value)), value);
    }
    assert_eq!(decode(&encode(&time(1.5))), json!(1.5));
    // {"a": [_ 1, 2]} with open lengths.
    let open = [0xbf, 0x61, b'a', 0x9f, 1, 2, 0xff, 0xff];
    assert_eq!(decode(&open), json!({"a": [1, 2]}));
}
