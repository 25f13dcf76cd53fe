//! Sound: silence is hardly sent, speech comes back at once, and the box is heard as everybody else.

use serde_json::Value;

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::people::{self, BOX};
use super::simulcast::WATCHED;

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Puts a voice in the place of the microphone, which is silent until `voice.gain.value` is more than 0, and counts packets.
const VOICE: &str = r#"
const sound = new AudioContext({ sampleRate: 48000 });
const to = sound.createMediaStreamDestination();
window.voice = new GainNode(sound, { gain: 0 });
const tone = new OscillatorNode(sound, { frequency: 1200 });
tone.connect(voice).connect(to);
tone.start();
window.sent = async seconds => {
  const all = async () => (await figures("outbound-rtp", "audio")).reduce((sum, one) => sum + one.packetsSent, 0);
  const before = await all();
  await new Promise(resolve => setTimeout(resolve, seconds * 1000));
  return ((await all()) - before) / seconds;
};
const sender = peers.at(-1).getSenders().find(({ track }) => track?.kind === "audio");
return sender.replaceTrack(to.stream.getAudioTracks()[0]);
"#;

/// Packets of sound that a page sends in a second, over some.
async fn sends(page: &Page, seconds: u32) -> f64 {
    page.eval(&format!("return sent({seconds})")).await.as_f64().unwrap()
}

/// Waits until a page says of somebody that they speak, or do not.
async fn speaks(page: &Page, who: &str, does: bool) {
    let tile = format!("document.querySelector('[data-testid=tile][data-name={who}]')");
    page.wait_for(&format!("{tile}?.dataset.speaking === '{does}'"), &format!("word of {who}: speaking is {does}"))
        .await;
}

#[tokio::test]
async fn a_silent_microphone_costs_little_and_speech_comes_back_at_once() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, _) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    ada.eval(WATCHED).await;
    people::go_in(&ada).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest_after(&browser, &daemon, "Bob", BOB, &invite, WATCHED).await;
    people::hears(&bob, "Ada", ADA.hz, 2).await;
    ada.eval(VOICE).await;
    speaks(&bob, "Ada", false).await;

    // In Bob's page: when the voice began, by the clock of this machine.
    bob.eval(
        "window.rise = null;
         setInterval(() => {
           const now = probe.begins('Ada', 1200);
           if (now > (window.known ?? 0)) window.rise = Date.now();
           window.known = now;
         }, 10)",
    )
    .await;
    for times in 1..=2 {
        let silent = sends(&ada, 4).await;
        let began = ada.eval("voice.gain.value = 0.4; return Date.now()").await;
        bob.wait_for(&format!("known >= {times}"), "voice of Ada").await;
        let heard = bob.eval("return rise").await;
        let late = heard.as_f64().unwrap() - began.as_f64().unwrap();
        speaks(&bob, "Ada", true).await;
        let spoken = sends(&ada, 2).await;
        println!("{silent} packets a second in silence, {spoken} in speech, which is heard after {late} ms");
        assert!(silent < 10.0, "{silent} packets a second in silence");
        assert!(spoken > 40.0, "{spoken} packets a second in speech");
        assert!(late < 1500.0, "the voice is heard {late} ms late");
        ada.eval("voice.gain.value = 0").await;
        speaks(&bob, "Ada", false).await;
    }
    // What is not sent is not lost.
    let lost = "return figures('inbound-rtp', 'audio').then(all => all.reduce((sum, one) => sum + one.packetsLost, 0))";
    let lost = bob.eval(lost).await.as_f64().unwrap();
    assert!(lost < 50.0, "{lost} packets of sound are said to be lost");
    let statistics = ada.eval("return fetch('/api/v1/statistics').then(answer => answer.json())").await;
    let Value::Array(people) = &statistics["participants"] else { panic!("nobody is in {statistics}") };
    for person in people {
        let lost = person["media"]["lost_packets"].as_f64().unwrap_or(0.0);
        assert!(lost < 50.0, "the box says that {lost} packets are lost: {person}");
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn the_box_is_who_speaks_while_it_beeps_and_nobody_else_speaks() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let keys = [
        ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
        ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
        ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
        ("PORCHLIGHT_ENDPOINT__FPS", "15"),
    ];
    let daemon = Daemon::start_with(&state, &keys);
    let browser = Browser::start().await;
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    ada.click("mute").await;
    people::hears(&ada, BOX, 1_000, 2).await;
    speaks(&ada, BOX, true).await;
    speaks(&ada, "Ada", false).await;
    // Who is muted does not speak, the box neither.
    ada.click("box-open").await;
    ada.click("box-microphone").await;
    speaks(&ada, BOX, false).await;
    ada.click("box-microphone").await;
    speaks(&ada, BOX, true).await;
    assert!(daemon.stop().success());
}
