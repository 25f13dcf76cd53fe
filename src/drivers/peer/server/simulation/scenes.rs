//! What has to hold on every link.

use super::*;

const LOW: Layer = Layer::ALL[0];
const MIDDLE: Layer = Layer::ALL[1];
const HIGH: Layer = Layer::ALL[2];

fn everybody() -> Vec<(Rank, Layer)> {
    vec![
        (Rank::Sound, LOW),
        (Rank::Sound, LOW),
        (Rank::Speaker, HIGH),
        (Rank::Tile, MIDDLE),
        (Rank::Tile, MIDDLE),
        (Rank::Tile, LOW),
    ]
}

#[test]
fn look_at_a_steady_link() {
    for kbps in [1500, 3000] {
        let mut call = Call::new(Way::of(kbps), 1, &everybody());
        call.run(90);
        println!("{kbps}\n{}", call.told());
    }
}

#[test]
fn look_at_a_fall_and_a_rise() {
    let mut call = Call::new(Way::of(3000), 1, &everybody());
    call.run(30).way(Way::of(500));
    call.run(30).way(Way::of(3000));
    call.run(30);
    println!("{}", call.told());
}

#[test]
fn look_at_loss() {
    for loss in [50, 300] {
        let mut call = Call::new(Way { loss, burst: 2, ..Way::of(3000) }, 1, &everybody());
        call.run(40);
        println!("{loss}\n{}", call.told());
    }
}
