//! Base64 in a text: what it says, when it says something readable.

use super::fold::Folded;

/// Shorter runs hold no identity worth the doubt.
const SHORTEST: usize = 16;
/// Longer runs are cut: a value hides in the first kilobytes or nowhere a reader would look.
const LONGEST: usize = 65_536;

/// The run of base64 that starts at `at`: its length in folded characters and its readable content.
pub(super) fn at(text: &[Folded], at: usize) -> Option<(usize, String)> {
    let is_base64 =
        |f: &Folded| f.c.is_ascii_alphanumeric() || matches!(f.c, '+' | '/' | '-' | '_');
    if at
        .checked_sub(1)
        .and_then(|index| text.get(index))
        .is_some_and(is_base64)
    {
        return None;
    }
    let rest = text.get(at..)?;
    let letters = rest
        .iter()
        .take(LONGEST)
        .take_while(|f| is_base64(f))
        .count();
    if letters < SHORTEST {
        return None;
    }
    let run: Vec<char> = rest.iter().take(letters).map(|f| f.c).collect();
    let padding = rest
        .iter()
        .skip(letters)
        .take(2)
        .take_while(|f| f.c == '=')
        .count();
    let content = decode(&run)?;
    Some((letters + padding, content))
}

/// The text of a run in either alphabet, when it is text.
fn decode(run: &[char]) -> Option<String> {
    let mut bytes = Vec::with_capacity(run.len());
    for four in run.chunks(4) {
        let mut value = 0_u32;
        for c in four {
            value = value << 6 | digit(*c)?;
        }
        match four.len() {
            4 => bytes.extend([value >> 16, value >> 8, value]),
            3 => bytes.extend([value >> 10, value >> 2]),
            2 => bytes.push(value >> 4),
            _ => return None,
        }
    }
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|value| (value & 0xFF) as u8)
        .collect();
    let text = String::from_utf8(bytes).ok()?;
    let readable = |c: char| !c.is_control() || c.is_ascii_whitespace();
    text.chars().all(readable).then_some(text)
}

fn digit(c: char) -> Option<u32> {
    Some(match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
