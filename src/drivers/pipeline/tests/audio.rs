//! Sound through encoders and decoders: every unit at its own time.

use super::*;

/// Encodes silence with a burst from half a second on and gives the units.
async fn burst(codec: AudioCodec) -> Vec<Unit> {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let (running, feed) =
        audio_encoder(&Counters::default(), AudioEncoderSpec { codec, bitrate: 128_000 }, writer).expect("installed");
    let start = MediaTime::from_millis(10_000);
    for block in 0..75 {
        let samples = (block * 960..(block + 1) * 960i64)
            .flat_map(|n| {
                let on = (24_000..30_000).contains(&n);
                let tone = (n as f32 / 48_000.0 * 1000.0 * std::f32::consts::TAU).sin() * 12_000.0;
                [if on { tone as i16 } else { 0 }; 2]
            })
            .collect();
        let time = start.plus_nanos(MediaTime::from_ticks(block * 960, 48_000).nanos());
        while feed.push(&Sound { time, samples: std::sync::Arc::clone(&samples) }).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
    }
    let mut units = Vec::new();
    while units.last().is_none_or(|u: &Unit| u.pts.since(start) < 1_200_000_000) {
        units.push(unit(&mut reader).await);
    }
    running.stop().await;
    units
}

#[tokio::test]
async fn opus_units_carry_the_time_of_the_sound_they_decode_to() {
    let units = burst(AudioCodec::Opus).await;
    let (sounds, mut heard) = mpsc::channel(128);
    let (_running, mut feed) = audio_decoder(&Counters::default(), sounds).expect("installed");
    let mut all = Vec::new();
    for unit in &units {
        assert_eq!(unit.duration, Some(Duration::from_millis(20)));
        feed.push(unit).expect("it runs");
        all.push(within(heard.recv()).await.expect("it runs"));
        assert_eq!(all.last().expect("just pushed").samples.len(), 960 * 2);
    }
    let late = onset(&all, 2).expect("there is a burst").since(MediaTime::from_millis(10_500));
    assert!(late.abs() < 3_000_000, "{late} ns late");
}

/// Decodes AAC with libav, as an independent player would: each frame's samples at the time of its unit.
async fn decode_aac(units: &[Unit]) -> Vec<Sound> {
    use gstreamer as gst;
    let description = "appsrc name=in format=time ! avdec_aac ! audioconvert ! \
        audio/x-raw,format=S16LE,layout=interleaved,channels=2 ! \
        appsink name=out sync=false async=false wait-on-eos=false";
    let built = running::Built::new("test", description).expect("installed");
    let source: gstreamer_app::AppSrc = built.element("in");
    let Config::Aac { asc, rate, channels } = &*units[0].config else { panic!("it is AAC") };
    let caps = gst::Caps::builder("audio/mpeg")
        .field("mpegversion", 4)
        .field("stream-format", "raw")
        .field("rate", *rate as i32)
        .field("channels", i32::from(*channels))
        .field("codec_data", gst::Buffer::from_slice(asc.clone()))
        .build();
    source.set_caps(Some(&caps));
    let (sounds, mut heard) = mpsc::channel(units.len());
    encode::outputs(&built, buffers::Clock::Ours, move |output| {
        let map = output.map().expect("it can be read");
        let samples = map.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
        sounds.try_send(Sound { time: output.time, samples }).expect("there is room");
    });
    let running = built.run().expect("it runs");
    for unit in units {
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        buffer.get_mut().expect("it is ours").set_pts(buffers::pts(unit.pts));
        source.push_buffer(buffer).expect("it runs");
    }
    let mut all = Vec::new();
    while all.len() < units.len() - 2 {
        all.push(within(heard.recv()).await.expect("it runs"));
    }
    running.stop().await;
    all
}

#[tokio::test]
async fn aac_units_carry_the_time_of_the_sound_they_decode_to() {
    let units = burst(AudioCodec::Aac).await;
    for pair in units.windows(2) {
        let step = pair[1].pts.since(pair[0].pts);
        assert!(step.abs_diff(21_333_333) < 1_000, "frames of 1024 samples without holes: {step}");
    }
    let late = onset(&decode_aac(&units).await, 2).expect("there is a burst").since(MediaTime::from_millis(10_500));
    assert!(late.abs() < 3_000_000, "{late} ns late");
}

#[tokio::test]
async fn a_hole_in_the_sound_is_concealed_without_shifting_what_follows() {
    let mut units = burst(AudioCodec::Opus).await;
    units.drain(20..22);
    let (before, after) = (units[29].pts, units[38].pts);
    units.drain(30..38);
    let (sounds, mut heard) = mpsc::channel(128);
    let (running, mut feed) = audio_decoder(&Counters::default(), sounds).expect("installed");
    for unit in &units {
        while feed.push(unit).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
    }
    let last = units.last().expect("some").pts;
    let mut all: Vec<Sound> = Vec::new();
    while all.last().is_none_or(|s| s.time < last) {
        all.push(within(heard.recv()).await.expect("it runs"));
    }
    for pair in all.windows(2) {
        let length = MediaTime::from_ticks(pair[0].samples.len() as i64 / 2, 48_000).nanos();
        let expected = if pair[0].time == before { after.since(before) } else { length };
        let step = pair[1].time.since(pair[0].time);
        assert!(step.abs_diff(expected) < 1_000_000, "{step} after {:?}", pair[0].time);
    }
    assert!(units.iter().all(|unit| all.iter().any(|sound| sound.time == unit.pts)), "each at its own time");
    running.stop().await;
}

#[tokio::test]
async fn the_sound_goes_on_after_garbage() {
    let units = burst(AudioCodec::Opus).await;
    let (sounds, mut heard) = mpsc::channel(256);
    let (running, mut feed) = audio_decoder(&Counters::default(), sounds).expect("installed");
    let (mut noise, mut refused) = (1u64, 0);
    for (n, unit) in units.iter().enumerate() {
        let mut unit = unit.clone();
        if n < 30 {
            unit.data = (0..n % 7 * 40 + 1)
                .map(|_| {
                    noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (noise >> 56) as u8
                })
                .collect();
        }
        loop {
            match feed.push(&unit).expect("garbage does not end the pipeline") {
                Fed::Full => tokio::task::yield_now().await,
                Fed::Refused if n < 30 => break refused += 1,
                fed => break assert_eq!(fed, Fed::Taken),
            }
        }
    }
    assert!(refused > 0, "some of it has no Opus frames");
    let empty = Unit { data: Default::default(), ..units[0].clone() };
    assert_eq!(feed.push(&empty), Ok(Fed::Refused));
    let last = units.last().expect("some").pts;
    while within(heard.recv()).await.expect("it runs").time != last {}
    running.stop().await;
}

/// What a microphone makes of a tone of a second, two seconds of silence, and the tone again, from this time on.
async fn spoken(from: MediaTime) -> Vec<Unit> {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let spec = MicrophoneSpec { source: MicrophoneSource::StandIn, bitrate: 48_000, voice: Voice::default() };
    let built = running::Built::new("microphone", &describe(&Spec::Microphone(spec))).expect("installed");
    encode::write_voice(&built, buffers::Clock::Ours, writer);
    let feed: gstreamer_app::AppSrc = built.element("in");
    let running = built.run().expect("it runs");
    for block in 0..200i64 {
        let samples: Vec<i16> = (block * 960..(block + 1) * 960)
            .map(|n| {
                let tone = (n as f32 / 48_000.0 * 400.0 * std::f32::consts::TAU).sin() * 4_634.0;
                if (50..150).contains(&block) { 0 } else { tone as i16 }
            })
            .collect();
        while feed.current_level_buffers() > 10 {
            tokio::task::yield_now().await;
        }
        let time = from.plus_nanos(block * 20_000_000);
        feed.push_buffer(buffers::from_samples(&samples, 1, time)).expect("it runs");
    }
    let mut units = Vec::new();
    while units.last().is_none_or(|last: &Unit| last.pts.since(from) < 3_900_000_000) {
        units.push(unit(&mut reader).await);
    }
    running.stop().await;
    units
}

#[tokio::test]
async fn a_voice_says_how_loud_it_is_and_its_silence_is_hardly_sent() {
    let from = MediaTime::from_millis(10_000);
    let units = spoken(from).await;
    let (mut spoken, mut silent) = (0, 0);
    for unit in &units {
        let at = unit.pts.since(from) / 1_000_000;
        let level = unit.level.expect("it was measured");
        match at {
            // The encoder looks some milliseconds ahead.
            20..960 | 3_020.. => {
                assert!(level.abs_diff(20) <= 1, "{level} at {at} ms");
                spoken += 1;
            }
            1_020..2_960 => {
                assert_eq!(level, 127, "at {at} ms");
                silent += 1;
            }
            _ => {}
        }
    }
    assert!(spoken >= 46 + 40, "{spoken}");
    // It goes on for 200 ms, then there is a frame each 400 ms.
    assert!((4..20).contains(&silent), "{silent} frames of 97");
    assert!(units.windows(2).all(|pair| pair[1].pts.since(pair[0].pts) % 20_000_000 == 0), "each at its own time");
    let again = units.iter().find(|unit| unit.pts.since(from) >= 2_980_000_000).expect("there is more");
    assert!(again.pts.since(from) <= 3_000_000_000, "it comes back at once: {:?}", again.pts);

    let mut packetizer = crate::proto::rtp::Packetizer::new(Codec::Opus).expect("RTP carries it");
    let mut packets = Vec::new();
    units.iter().for_each(|unit| packetizer.push(unit, &mut packets));
    assert!(packets.iter().zip(0..).all(|(packet, seq)| packet.seq == seq), "silence is no loss");
    assert!(packets.iter().zip(&units).all(|(packet, unit)| packet.level == unit.level));
    let marked = packets.iter().filter(|packet| packet.marker).count();
    assert!((4..12).contains(&marked), "the first after each silence: {marked}");
}

#[tokio::test]
async fn silence_that_was_not_sent_is_silence_and_what_follows_is_in_time() {
    let from = MediaTime::from_millis(10_000);
    let units = spoken(from).await;
    let (sounds, mut heard) = mpsc::channel(256);
    let (running, mut feed) = audio_decoder(&Counters::default(), sounds).expect("installed");
    let mut all: Vec<Sound> = Vec::new();
    for unit in &units {
        while feed.push(unit).expect("it runs") == Fed::Full {
            tokio::task::yield_now().await;
        }
        while all.last().is_none_or(|sound| sound.time < unit.pts) {
            all.push(within(heard.recv()).await.expect("it runs"));
        }
    }
    running.stop().await;
    let peak = |sound: &Sound| sound.samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    let at = |sound: &Sound| sound.time.since(from) / 1_000_000;
    let quiet = all.iter().filter(|sound| (1_100..2_960).contains(&at(sound)));
    assert!(quiet.map(peak).all(|peak| peak < 100), "nothing is made up for what was not sent");
    let second: Vec<Sound> = all.iter().filter(|sound| at(sound) >= 2_900).cloned().collect();
    let late = onset(&second, 2).expect("there is sound again").since(MediaTime::from_millis(13_000));
    assert!(late.abs() < 5_000_000, "{late} ns late");
}
