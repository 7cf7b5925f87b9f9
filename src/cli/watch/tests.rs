//! The progress line tells what is done and where the rest is.

use super::*;

#[test]
fn the_line_tells_what_is_done_and_where_the_rest_is() {
    let live = Live::new(Volume::Quiet);
    live.at(Noun::Metrics, "1/us-east-1", State::Begun);
    live.at(Noun::Metrics, "1/us-west-2", State::Begun);
    live.at(Noun::Metrics, "1/us-east-1", State::Done("3 answers"));
    live.at(Noun::Metrics, "1/us-west-2", State::Step("page 2"));
    let line = live.places.lock().unwrap().line();
    assert_eq!(line, "metrics 1 of 2 (1/us-west-2: page 2)");
}
