#![no_main]
//! Typed times: a window that is half-open, in whole minutes, not reversed and not in the future, or a
//! refusal with a hint.

use ecr_incident_fuzz::case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n').map(str::to_owned);
    let mut next = || lines.next().filter(|line| !line.is_empty());
    let words = [next(), next(), next(), next(), next(), next()];
    let now = case().now;
    #[cfg(fuzzing)]
    match ecr_incident::cli::typed_window(words, now) {
        Ok(Some((window, baseline))) => {
            assert!(window.from < window.to && window.from < now);
            assert!(window.from.timestamp() % 60 == 0 && window.to.timestamp() % 60 == 0);
            assert!(baseline.from < baseline.to && baseline.to == window.from);
        }
        Ok(None) => {}
        Err(refused) => assert!(!refused.hints.is_empty()),
    }
    #[cfg(not(fuzzing))]
    let _ = (words, now);
});
