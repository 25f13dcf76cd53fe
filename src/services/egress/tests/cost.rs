//! What a part costs where the window reaches far back.

use super::*;
use crate::proto::hls::{Form, Tracks, Window};

/// So many seconds of what was recorded, again and again, with little in it.
fn feed(window: &mut Window, seconds: i64) {
    for round in 0..seconds / 7 {
        for unit in recorded() {
            let pts = unit.pts.plus_nanos(round * 7_000_000_000);
            window.push(Unit { pts, data: Bytes::from_static(&[0; 40]), ..unit.clone() }).unwrap();
        }
    }
}

/// With `--nocapture` it says the figures.
#[test]
fn a_part_costs_as_much_behind_half_an_hour_as_behind_a_minute() {
    let cost = |seconds: i64| {
        let timing = Timing { window: Duration::from_secs(3_600), bytes: u64::MAX, ..Timing::default() };
        let mut window = Window::new(timing, Tracks::Both, EPOCH);
        feed(&mut window, seconds);
        // The quickest of many: a busy machine interrupts the others.
        let once = |work: &dyn Fn()| {
            let began = Instant::now();
            work();
            began.elapsed()
        };
        let time = |work: &dyn Fn()| (0..500).map(|_| once(work)).min().unwrap();
        let snapshot = time(&|| drop(std::hint::black_box(window.snapshot())));
        let write = |form| time(&|| drop(std::hint::black_box(window.snapshot().video.unwrap().playlist(form))));
        let (whole, delta) = (write(Form::Whole), write(Form::Delta));
        let [long, short] =
            [Form::Whole, Form::Delta].map(|form| window.snapshot().video.unwrap().playlist(form).len());
        println!(
            "{seconds} s: snapshot {snapshot:?}; playlist {whole:?}, {long} bytes; delta {delta:?}, {short} bytes"
        );
        assert!(short < 4_096, "a delta update has {short} bytes");
        (snapshot, delta)
    };
    let (near, far) = (cost(70), cost(1_820));
    let slack = Duration::from_micros(5);
    assert!(
        far.0 < near.0 * 3 + slack,
        "a snapshot takes {:?} behind half an hour, {:?} behind a minute",
        far.0,
        near.0
    );
    assert!(far.1 < near.1 * 3 + slack, "a delta update takes {:?}, and {:?}", far.1, near.1);
}
