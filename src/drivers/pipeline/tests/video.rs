//! Pictures through encoders and decoders.

use super::*;

async fn round_trip(with: H264Encoder) {
    let from = MediaTime::from_millis(-2_000);
    let units = encoded(encoder(320, 180, with), from, 40, |n, x, y| halves(n, 320)(x, y)).await;
    assert!(units[0].keyframe && units.iter().filter(|u| u.keyframe).count() == 2, "every 30 pictures");
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { codec: Codec::H264, width: 160, height: 120, caption: None };
    let (running, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("the decoder is installed");
    for (n, unit) in (0..).zip(&units) {
        assert_eq!(unit.pts, from.plus_nanos(n * 66_000_000), "no picture is reordered or shifted");
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        let picture = within(decoded.recv()).await.expect("one picture out for one in");
        assert_eq!((picture.width, picture.height, picture.time), (160, 120, unit.pts));
        assert_eq!(picture.data.len(), 160 * 120 * 3 / 2);
        let (left, right) = (luma(&picture, 40, 60), luma(&picture, 120, 60));
        assert!(left.abs_diff(40) < 6 && right.abs_diff(120 + 10 * (n % 8) as u8) < 6, "picture {n}: {left} {right}");
        assert!(luma(&picture, 80, 4) < 20, "black above: 16:9 in 4:3");
    }
    running.stop().await;
    assert_eq!(feed.push(&units[0]), Err(Gone));
}

#[tokio::test]
async fn pictures_survive_x264_and_the_decoder_one_for_one() {
    round_trip(H264Encoder::X264).await;
}

#[tokio::test]
async fn pictures_survive_openh264_and_the_decoder_one_for_one() {
    round_trip(H264Encoder::OpenH264).await;
}

#[tokio::test]
async fn the_encoder_makes_constrained_baseline_and_a_keyframe_when_asked() {
    let (writer, source) = ring(UNITS);
    let mut reader = source.reader(Gate::default());
    let mut spec = encoder(320, 180, H264Encoder::X264);
    spec.keyframe_interval = 1000;
    let (_running, feed, keyframes) =
        video_encoder(&Counters::default(), spec, writer).expect("the encoder is installed");
    let mut keys = Vec::new();
    for n in 0..60 {
        if n == 30 || n == 32 {
            keyframes.request();
        }
        feed.push(&picture(320, 180, MediaTime::from_millis(n * 66), halves(n, 320))).expect("it runs");
        let unit = unit(&mut reader).await;
        if unit.keyframe {
            keys.push(n);
        }
        let Config::H264 { sps, .. } = &*unit.config else { panic!("it is H.264") };
        assert_eq!((sps[1], sps[2] & 0x40), (66, 0x40), "profile_idc and constraint_set1_flag");
    }
    assert_eq!(keys, [0, 30, 38], "at once, and at least half a second after the one before");
}

#[tokio::test]
async fn a_rung_is_scaled_and_has_its_keyframes_at_the_very_pictures_asked_for() {
    for encoder in [H264Encoder::X264, H264Encoder::OpenH264] {
        let (writer, source) = ring(UNITS);
        let mut reader = source.reader(Gate::default());
        let spec = RungSpec { from: (320, 240), size: (256, 144), fps: 15, bitrate: 150_000, encoder };
        let (running, feed, keyframes) = rung(&Counters::default(), spec, writer).expect("the encoder is installed");
        let mut units = Vec::new();
        for n in 0..60 {
            let time = MediaTime::from_millis(-500 + n * 66);
            // Two right behind each other, too.
            if [20, 23, 24, 50].contains(&n) {
                keyframes.request_at(time);
            }
            feed.push(&picture(320, 240, time, halves(n, 320))).expect("it runs");
            units.push(unit(&mut reader).await);
            assert_eq!(units.last().map(|unit| unit.pts), Some(time));
        }
        running.stop().await;
        let keys: Vec<usize> = (0..60).filter(|n| units[*n].keyframe).collect();
        assert_eq!(keys, [0, 20, 23, 24, 50], "{encoder:?}");
        let format = crate::proto::cmaf::Format::read(&units[0].config).expect("it can be packaged");
        assert_eq!(format.picture().map(|picture| (picture.width, picture.height)), Some((256, 144)));
        let (pictures, mut decoded) = mpsc::channel(64);
        let spec = VideoDecoderSpec { codec: Codec::H264, width: 256, height: 144, caption: None };
        let (_running, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("it is installed");
        feed.push(&units[0]).expect("it runs");
        let picture = within(decoded.recv()).await.expect("a picture");
        assert!(luma(&picture, 4, 70) < 24 && luma(&picture, 250, 70) < 24, "black beside it: 4:3 in 16:9");
        assert!(luma(&picture, 60, 70).abs_diff(40) < 8, "and the picture between");
    }
}

/// Decodes every unit and gives the last picture.
async fn last_picture(units: &[Unit], caption: Option<&str>) -> Picture {
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { codec: Codec::H264, width: 320, height: 180, caption: caption.map(str::to_owned) };
    let (running, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("installed");
    let mut last = None;
    for unit in units {
        if feed.push(unit).expect("it runs") == Fed::Taken {
            last = within(decoded.recv()).await;
        }
    }
    running.stop().await;
    last.expect("a picture came")
}

#[tokio::test]
async fn a_caption_is_drawn_as_it_is_written_and_only_at_the_lower_edge() {
    let units = encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 3, |_, _, _| 100).await;
    let plain = last_picture(&units, None).await;
    let named = last_picture(&units, Some("<b>A&B")).await;
    let other = last_picture(&units, Some("Ada")).await;
    let lower = |p: &Picture| p.data[320 * 140..320 * 180].to_vec();
    let upper = |p: &Picture| p.data[..320 * 120].to_vec();
    assert!(lower(&named).iter().filter(|&&y| y > 200).count() > 20, "bright letters");
    assert!(lower(&plain).iter().all(|&y| y < 110));
    assert_ne!(lower(&named), lower(&other));
    assert_eq!(upper(&named), upper(&plain));
}

/// Waits for the picture of one moment; what garbage gave before it is thrown away.
async fn picture_of(decoded: &mut mpsc::Receiver<Picture>, time: MediaTime) -> Picture {
    loop {
        let picture = within(decoded.recv()).await.expect("it runs");
        if picture.time == time {
            return picture;
        }
    }
}

#[tokio::test]
async fn the_decoder_goes_on_after_garbage_and_waits_for_keyframes() {
    let units =
        encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 40, |n, x, y| halves(n, 320)(x, y)).await;
    let second_key = units.iter().rposition(|u| u.keyframe).expect("two keyframes");
    let (pictures, mut decoded) = mpsc::channel(64);
    let spec = VideoDecoderSpec { codec: Codec::H264, width: 320, height: 180, caption: None };
    let (running, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("installed");
    assert_eq!(feed.push(&units[1]), Ok(Fed::NeedsKeyframe), "it can't begin in the middle");
    let short = Unit { data: vec![0, 0, 9, 9, 1].into(), ..units[0].clone() };
    assert_eq!(feed.push(&short), Ok(Fed::Refused));
    for seed in 1..40u32 {
        let mut noise = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut data = vec![0, 0, 1, 0, [0x65, 0x41, 0x67, 0x06][seed as usize % 4]];
        data.extend((0..255).map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 56) as u8
        }));
        let unit = Unit { data: data.into(), keyframe: true, ..units[0].clone() };
        while feed.push(&unit).expect("garbage does not end the pipeline") != Fed::Taken {
            tokio::task::yield_now().await;
        }
    }
    let gap = Unit { gap: true, ..units[second_key - 1].clone() };
    assert_eq!(feed.push(&gap), Ok(Fed::NeedsKeyframe));
    while feed.push(&units[second_key]).expect("it runs") != Fed::Taken {
        tokio::task::yield_now().await;
    }
    let mut good = picture_of(&mut decoded, units[second_key].pts).await;
    for unit in &units[second_key + 1..] {
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        good = picture_of(&mut decoded, unit.pts).await;
    }
    assert!(luma(&good, 80, 90).abs_diff(40) < 6, "a clean picture");
    running.stop().await;
}

#[tokio::test]
async fn a_change_of_size_in_the_middle_gives_pictures_of_the_size_asked_for() {
    let mut units =
        encoded(encoder(320, 180, H264Encoder::X264), MediaTime::ZERO, 5, |n, x, y| halves(n, 320)(x, y)).await;
    let later = MediaTime::from_millis(1000);
    units.extend(encoded(encoder(180, 320, H264Encoder::X264), later, 5, |n, x, y| halves(n, 180)(x, y)).await);
    units.extend(
        encoded(encoder(640, 360, H264Encoder::OpenH264), later + Duration::from_secs(1), 5, |n, x, y| {
            halves(n, 640)(x, y)
        })
        .await,
    );
    let (pictures, mut decoded) = mpsc::channel(8);
    let spec = VideoDecoderSpec { codec: Codec::H264, width: 426, height: 240, caption: None };
    let (running, mut feed) = video_decoder(&Counters::default(), spec, pictures).expect("installed");
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(feed.push(unit), Ok(Fed::Taken));
        let picture = within(decoded.recv()).await.expect("one for one");
        assert_eq!((picture.width, picture.height, picture.time), (426, 240, unit.pts));
        assert_eq!(picture.data.len(), 426 * 240 * 3 / 2);
        let corner = luma(&picture, 10, 10);
        assert_eq!(corner < 20, (5..10).contains(&n), "portrait has black beside it: {corner} in picture {n}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_card_and_a_still_are_what_they_say() {
    let card = card("Ada <3", 426, 240).await.expect("it is drawn");
    assert_eq!(card.data.len(), 426 * 240 * 3 / 2);
    assert_eq!(luma(&card, 3, 3), 47, "the ground");
    let bright = |from: usize, to: usize| card.data[426 * from..426 * to].iter().filter(|&&y| y > 200).count();
    assert!(bright(100, 140) > 50 && bright(0, 80) == 0, "text in the middle");
    let plain = jpeg(&card, None).await.expect("it is made");
    let titled = jpeg(&card, Some("10:30")).await.expect("it is made");
    assert_eq!((&plain[..3], &plain[plain.len() - 2..]), (&[0xff, 0xd8, 0xff][..], &[0xff, 0xd9][..]));
    assert!(titled.len() > plain.len() + 100, "the text is in it");
    let wrong = Picture { width: 320, ..card };
    assert!(matches!(jpeg(&wrong, None).await, Err(Error::NoPicture(_))));
}

#[tokio::test]
async fn pictures_that_come_too_fast_or_in_another_size_are_dropped_and_said_to_be() {
    let (writer, _source) = ring(UNITS);
    let (running, feed, _) =
        video_encoder(&Counters::default(), encoder(1280, 720, H264Encoder::X264), writer).expect("installed");
    assert_eq!(feed.push(&picture(320, 180, MediaTime::ZERO, |_, _| 0)), Ok(Fed::Refused));
    let short = Picture { data: Default::default(), ..picture(1280, 720, MediaTime::ZERO, |_, _| 0) };
    assert_eq!(feed.push(&short), Ok(Fed::Refused));
    let noise = picture(1280, 720, MediaTime::ZERO, |x, y| (x * 31 + y * 17) as u8);
    let fed: Vec<_> =
        (0..200).map(|n| feed.push(&Picture { time: MediaTime::from_millis(n * 66), ..noise.clone() })).collect();
    assert!(fed.contains(&Ok(Fed::Taken)) && fed.contains(&Ok(Fed::Full)), "{fed:?}");
    running.stop().await;
    assert_eq!(feed.push(&noise), Err(Gone));
}
