//! The composition on fake codecs and virtual time.

mod fake;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::model::raw::RATE;
use crate::services::supervisor::Part;
use fake::{CARD, FAULT, POISON, Publisher, STUCK, Stage, amplitude, h264, settings, shows};

const MILLIS_20: i64 = 20_000_000;

#[tokio::test(start_paused = true)]
async fn flash_and_beep_of_one_moment_come_out_with_the_stamp_of_that_moment() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 100]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 1000).await;
    let moment = stage.now();
    (ada.brightness, ada.tone) = (Some(200), [100, 100]);
    stage.play(&mut [&mut ada], 500).await;

    let flash = stage.pictures.iter().find(|picture| shows(picture, 200)).expect("the flash comes out");
    assert!((0..40_000_000).contains(&flash.time.since(moment)), "{:?} against {moment:?}", flash.time);
    let beep = stage.sounds.iter().find(|sound| sound.samples.iter().any(|&s| s != 0)).expect("the beep comes out");
    let silent = beep.samples.iter().step_by(2).take_while(|&&s| s == 0).count() as i64;
    let onset = MediaTime::from_ticks(beep.time.ticks(RATE) + silent, RATE);
    assert!((0..2_000_000).contains(&onset.since(moment)), "{onset:?} against {moment:?}");
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pictures_keep_the_beat_and_sound_has_no_seams() {
    let mut stage = Stage::new(settings());
    stage.play(&mut [], 2000).await;
    assert!((49..=51).contains(&stage.pictures.len()), "{}", stage.pictures.len());
    assert!(stage.pictures.windows(2).all(|pair| pair[1].time.since(pair[0].time) == 40_000_000));
    assert!((99..=101).contains(&stage.sounds.len()), "{}", stage.sounds.len());
    let seams = stage
        .sounds
        .windows(2)
        .filter(|pair| pair[1].time.ticks(RATE) != pair[0].time.ticks(RATE) + pair[0].samples.len() as i64 / 2);
    assert_eq!(seams.count(), 0);
    let behind = stage.now().since(stage.pictures[49].time);
    assert!((150_000_000..=191_000_000).contains(&behind), "{behind}");
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_makes_turns_whatever_comes_and_one_that_has_ended_does_not_stand_still() {
    let settings = settings();
    let pulses = settings.counters.pulses.clone();
    let mut stage = Stage::new(settings);
    stage.play(&mut [], 1000).await;
    let before = pulses.read()[0].turns;
    stage.play(&mut [], 1000).await;
    assert!(pulses.read()[0].turns >= before + 10, "{:?} after {before}", pulses.read());
    stage.stop().await;
    assert_eq!(pulses.read(), []);
}

#[tokio::test(start_paused = true)]
async fn the_delay_follows_who_arrives_last_and_neither_a_picture_nor_a_chunk_is_left_out_for_it() {
    let mut stage =
        Stage::new(Settings { delay: Duration::from_millis(80)..=Duration::from_millis(400), ..settings() });
    let mut ada = Publisher::new(1, 100, [100, 44]);
    stage.handle.add(ada.member()).await.unwrap();
    let mut behind = Vec::new();
    // All in time; then everything of her is 250 ms late; then nothing is any more.
    for (late, seconds) in [(20, 20), (250, 5), (20, 40)] {
        for _ in 0..seconds * 50 {
            ada.push(stage.now().plus_nanos(-late * 1_000_000));
            sleep(Duration::from_millis(20)).await;
            stage.drain();
        }
        behind.push(stage.now().since(stage.sounds.last().unwrap().time) / 1_000_000);
    }
    let [early, late, again] = behind[..] else { panic!() };
    assert!((80..=120).contains(&early) && (280..=320).contains(&late) && (80..=120).contains(&again), "{behind:?}");
    let chunks = stage.sounds.windows(2).map(|pair| pair[1].time.since(pair[0].time) / 1_000);
    assert!(chunks.clone().all(|micros| (19_990..=20_010).contains(&micros)), "{:?}", chunks.collect::<Vec<_>>());
    assert!(stage.pictures.windows(2).all(|pair| pair[1].time.since(pair[0].time) == 40_000_000));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_stamped_at_the_cut_or_later_contains_who_was_removed() {
    for by_command in [true, false] {
        let mut stage = Stage::new(settings());
        let mut ada = Publisher::new(1, 100, [100, 44]);
        let mut bob = Publisher::new(2, 200, [100, 100]);
        stage.handle.add(ada.member()).await.unwrap();
        stage.handle.add(bob.member()).await.unwrap();
        stage.play(&mut [&mut ada, &mut bob], 1010).await;
        assert!(stage.pictures.iter().any(|picture| shows(picture, 200)));
        // Somewhere inside a chunk, with pictures and sound of Bob in every queue.
        sleep(Duration::from_millis(7)).await;
        bob.push(stage.now());
        let cut = if by_command {
            stage.handle.remove(bob.key).await.unwrap()
        } else {
            let mut state = stage.handle.state();
            state.mark_unchanged();
            bob.revoke();
            state.changed().await.unwrap();
            let state = state.borrow().clone();
            assert_eq!((state.members, state.ended), (vec![ada.key], Some((bob.key, Ending::Revoked))));
            state.cut
        };
        stage.play(&mut [&mut ada, &mut bob], 1000).await;

        let (before, after): (Vec<_>, Vec<_>) = stage.pictures.iter().partition(|picture| picture.time < cut);
        assert!(shows(before.last().unwrap(), 200) && after.len() > 20);
        assert!(after.iter().all(|picture| !shows(picture, 200)));
        let (before, after): (Vec<_>, Vec<_>) = stage.sounds.iter().partition(|sound| sound.time < cut);
        let end = before.last().map(|last| last.time.ticks(RATE) + last.samples.len() as i64 / 2).unwrap();
        assert!(end <= cut.ticks(RATE), "no chunk reaches over the cut");
        assert!(amplitude(before.iter().rev().take(5).copied(), 1000.0) > 9000.0);
        assert!(amplitude(after.iter().take(5).copied(), 1000.0) < 50.0);
        assert!(amplitude(after.iter().take(5).copied(), 440.0) > 9000.0);
        assert!(cut.since(stage.now()) < 0);
        stage.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn pictures_rest_and_come_back_while_the_sound_goes_on_without_a_seam() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [100, 44]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 1000).await;
    assert!(stage.pictures.iter().any(|picture| shows(picture, 100)));

    stage.handle.rest(true).await.unwrap();
    stage.handle.pictures(ada.key, None).await.unwrap();
    stage.play(&mut [&mut ada], 100).await;
    let composed = stage.pictures.len();
    stage.play(&mut [&mut ada], 1000).await;
    assert_eq!(stage.pictures.len(), composed, "nothing is composed");
    assert_eq!(ada.video.listen(), 0, "nobody reads her pictures");
    assert_eq!(stage.counts.alive.load(SeqCst), 1, "one decoder is left, that of her sound");

    let (handle, still) = (stage.handle.clone(), TaskTracker::new());
    let still = still.spawn(async move { handle.snapshot().await });
    stage.play(&mut [&mut ada], 200).await;
    assert!(shows(&still.await.unwrap().unwrap(), CARD), "a still is taken all the same");
    assert_eq!(stage.pictures.len(), composed);

    stage.handle.rest(false).await.unwrap();
    stage.handle.pictures(ada.key, ada.member().video).await.unwrap();
    ada.brightness = Some(200);
    stage.play(&mut [&mut ada], 1000).await;
    let after = &stage.pictures[composed..];
    assert!(after.len() > 20 && after.iter().any(|picture| shows(picture, 200)));
    assert!(after.iter().all(|picture| !shows(picture, 100)), "nothing from before is shown");
    assert!(stage.pictures.windows(2).all(|pair| pair[1].time > pair[0].time));
    let seams =
        |pair: &[Sound]| pair[1].time.ticks(RATE) != pair[0].time.ticks(RATE) + pair[0].samples.len() as i64 / 2;
    assert_eq!(stage.sounds.windows(2).filter(|pair| seams(pair)).count(), 0);
    assert!(stage.sounds[20..].chunks(5).all(|some| amplitude(some, 440.0) > 9000.0), "she is heard throughout");
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_track_removes_its_member() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 200).await;
    let mut state = stage.handle.state();
    ada.audio.writer = None;
    let ended = state.wait_for(|state| state.members.is_empty()).await.unwrap().ended;
    assert_eq!(ended, Some((ada.key, Ending::Closed)));
    stage.play(&mut [], 200).await;
    assert_eq!(stage.counts.alive.load(SeqCst), 0);
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_come_and_go_and_nothing_of_them_is_left() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [10, 44]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for n in 0..100 {
        let mut guest = Publisher::new(2 + n % 3, 200, [10, 100]);
        stage.handle.add(guest.member()).await.unwrap();
        stage.play(&mut [&mut ada, &mut guest], 100).await;
        stage.handle.remove(guest.key).await.unwrap();
        stage.play(&mut [&mut ada], 20).await;
        assert_eq!((guest.video.listen(), guest.audio.listen()), (0, 0), "nobody reads them any more");
    }
    stage.play(&mut [&mut ada], 500).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), tasks);
    assert_eq!(stage.counts.alive.load(SeqCst), 2, "Ada's two decoders");
    assert!(shows(stage.pictures.last().unwrap(), 100));
    stage.stop().await;
    assert_eq!(ada.video.listen(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_stands_still_becomes_a_card_and_comes_back() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 1000).await;
    assert!(shows(stage.pictures.last().unwrap(), 100));
    ada.brightness = None;
    stage.play(&mut [&mut ada], 2900).await;
    assert!(shows(stage.pictures.last().unwrap(), 100));
    let asked = ada.video.asked;
    stage.play(&mut [&mut ada], 1000).await;
    assert!(shows(stage.pictures.last().unwrap(), CARD));
    ada.video.listen();
    assert!(ada.video.asked > asked, "a keyframe is asked for while nothing comes");
    ada.brightness = Some(101);
    stage.play(&mut [&mut ada], 400).await;
    assert!(shows(stage.pictures.last().unwrap(), 101));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_loss_a_keyframe_is_asked_for_and_nothing_is_shown_until_it_comes() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    let asked = ada.video.asked;
    let now = stage.now();
    for n in 0..20 {
        ada.video.push(now + Duration::from_millis(n), &[150], h264());
    }
    sleep(Duration::from_millis(1)).await;
    ada.video.listen();
    assert_eq!(ada.video.asked, asked + 1);
    ada.video.keyframe = false;
    ada.video.push(stage.now(), &[151], h264());
    stage.play(&mut [], 300).await;
    assert!(shows(stage.pictures.last().unwrap(), 100), "what can't be decoded is left out");
    ada.video.keyframe = true;
    ada.brightness = Some(152);
    stage.play(&mut [&mut ada], 300).await;
    assert!(shows(stage.pictures.last().unwrap(), 152));
    assert!(!stage.pictures.iter().any(|picture| shows(picture, 150) || shows(picture, 151)));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_voices_are_both_in_the_mix() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [80, 44]);
    let mut bob = Publisher::new(2, 200, [40, 100]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.handle.add(bob.member()).await.unwrap();
    stage.play(&mut [&mut ada, &mut bob], 500).await;
    stage.forget();
    stage.play(&mut [&mut ada, &mut bob], 1000).await;
    assert!((amplitude(&stage.sounds, 440.0) - 8000.0).abs() < 100.0);
    assert!((amplitude(&stage.sounds, 1000.0) - 4000.0).abs() < 100.0);
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_stall_loses_no_sound_and_a_long_one_goes_on_with_the_present() {
    let mut stage = Stage::new(settings());
    stage.play(&mut [], 400).await;
    stage.forget();
    advance(Duration::from_millis(300)).await;
    stage.play(&mut [], 100).await;
    let step = |pair: &[Sound]| pair[1].time.since(pair[0].time);
    assert!(stage.sounds.len() >= 19 && stage.sounds.windows(2).all(|pair| (step(pair) - MILLIS_20).abs() < 100));
    let largest = stage.pictures.windows(2).map(|pair| pair[1].time.since(pair[0].time)).max();
    assert!(stage.pictures.len() < 6 && largest.is_none_or(|step| step % 40_000_000 == 0));

    advance(Duration::from_millis(1300)).await;
    stage.play(&mut [], 500).await;
    let jumps: Vec<_> = stage.sounds.windows(2).map(step).filter(|step| (step - MILLIS_20).abs() > 100).collect();
    assert_eq!(jumps.len(), 1);
    assert!((1_200_000_000..1_400_000_000).contains(&jumps[0]), "{jumps:?}");
    let last = stage.sounds.last().unwrap().time;
    assert!((150_000_000..=171_000_000).contains(&stage.now().since(last)), "{:?}", stage.now().since(last));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_decoder_that_fails_is_made_again_after_a_growing_pause() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, POISON, [0, 0]);
    ada.brightness = Some(POISON);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 10_000).await;
    let made = stage.counts.videos.load(SeqCst);
    assert!((6..=9).contains(&made), "{made} decoders in ten seconds");
    ada.brightness = Some(100);
    stage.play(&mut [&mut ada], 6_000).await;
    assert!(shows(stage.pictures.last().unwrap(), 100));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_panics_takes_out_its_member_alone_who_may_come_back() {
    let supervisor = Supervisor::default();
    let mut stage = Stage::new(Settings { supervisor: supervisor.clone(), ..settings() });
    let (mut ada, mut bob) = (Publisher::new(1, 100, [0, 0]), Publisher::new(2, 200, [100, 100]));
    stage.handle.add(ada.member()).await.unwrap();
    stage.handle.add(bob.member()).await.unwrap();
    stage.play(&mut [&mut ada, &mut bob], 1_000).await;
    assert!(shows(stage.pictures.last().unwrap(), 100) && shows(stage.pictures.last().unwrap(), 200));
    ada.brightness = Some(FAULT);
    stage.play(&mut [&mut ada, &mut bob], 2_000).await;
    let state = stage.handle.state().borrow().clone();
    assert_eq!((state.members, state.ended), (vec![bob.key], Some((ada.key, Ending::Failed))));
    assert_eq!(supervisor.restarts(Part::Feed), 1);
    assert!(shows(stage.pictures.last().unwrap(), 200), "the other is seen all the time");
    assert!(amplitude(&stage.sounds, 1_000.0) > 5_000.0, "and heard");

    ada.brightness = Some(100);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada, &mut bob], 1_000).await;
    assert!(shows(stage.pictures.last().unwrap(), 100), "who was added again is seen again");
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_composition_that_panics_is_over_for_its_owner_and_leaves_nothing_running() {
    // A line that stays for longer than time can count: the fault that is injected.
    let mut stage = Stage::new(Settings { overlay_for: Duration::MAX, ..settings() });
    let mut ada = Publisher::new(1, 100, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    let mut state = stage.handle.state();
    state.mark_unchanged();
    stage.handle.overlay(Some("fault".into())).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    assert!(state.changed().await.is_err(), "the owner sees that it is over, and composes anew");
    assert_eq!(stage.handle.add(ada.member()).await, Err(Error::Ended));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_decoder_that_takes_and_gives_nothing_is_replaced() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, STUCK, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 4_800).await;
    assert_eq!(stage.counts.videos.load(SeqCst), 1);
    stage.play(&mut [&mut ada], 2_000).await;
    assert_eq!(stage.counts.videos.load(SeqCst), 2);
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn decoders_are_made_anew_only_when_their_tile_changes_its_size() {
    let mut stage = Stage::new(settings());
    let mut all: Vec<_> = (1..=3).map(|n| Publisher::new(n, 100 + n, [0, 0])).collect();
    for publisher in &all {
        stage.handle.add(publisher.member()).await.unwrap();
    }
    stage.play(&mut all.iter_mut().collect::<Vec<_>>(), 500).await;
    let made = stage.counts.videos.load(SeqCst);
    stage.forget();
    let key = PublicationId::from_bytes([9; 10]);
    stage.handle.add(Member { key, shows: Shows::Camera, name: "Eve".into(), video: None, audio: None }).await.unwrap();
    stage.play(&mut all.iter_mut().collect::<Vec<_>>(), 500).await;
    assert_eq!(stage.counts.videos.load(SeqCst), made, "from three to four the tiles stay");
    assert!(stage.pictures.iter().all(|picture| (101..=103).all(|brightness| shows(picture, brightness))));
    assert!(shows(stage.pictures.last().unwrap(), CARD));
    for key in [key, all[2].key, all[1].key] {
        stage.handle.remove(key).await.unwrap();
    }
    stage.play(&mut all.iter_mut().collect::<Vec<_>>(), 500).await;
    assert!(stage.counts.videos.load(SeqCst) > made);
    assert!(stage.pictures.last().unwrap().data[..320 * 180].iter().all(|&y| y == 101), "Ada has the whole canvas");
    stage.handle.rename(all[0].key, "Ada L.".into()).await.unwrap();
    stage.forget();
    stage.play(&mut all.iter_mut().collect::<Vec<_>>(), 500).await;
    assert!(stage.pictures.iter().all(|picture| shows(picture, 101)), "another name does not interrupt the picture");
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_still_waits_for_everybody_but_not_for_ever() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 0]);
    let bob = Publisher::new(2, 200, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    let handle = stage.handle.clone();
    let (still, ()) = tokio::join!(handle.snapshot(), async { stage.play(&mut [&mut ada], 1000).await });
    assert!(shows(&still.unwrap(), 100));
    stage.handle.add(bob.member()).await.unwrap();
    let asked = Instant::now();
    let wait = async {
        let still = handle.snapshot().await.unwrap();
        (still, asked.elapsed())
    };
    let ((still, waited), ()) = tokio::join!(wait, async { stage.play(&mut [&mut ada], 4000).await });
    assert!(shows(&still, 100) && shows(&still, CARD));
    assert!((3000..3100).contains(&waited.as_millis()), "{waited:?}");
    stage.outputs.pictures = None;
    let (still, ()) = tokio::join!(handle.snapshot(), async { stage.play(&mut [&mut ada], 4000).await });
    assert!(shows(&still.unwrap(), 100), "a still needs no consumer of pictures");
    stage.stop().await;
    assert_eq!(handle.snapshot().await.unwrap_err(), Error::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_line_over_everything_goes_away_by_itself() {
    let mut stage = Stage::new(settings());
    let mut ada = Publisher::new(1, 100, [0, 0]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 1000).await;
    stage.handle.overlay(Some("A still was taken".into())).await.unwrap();
    stage.play(&mut [&mut ada], 4900).await;
    assert!(shows(stage.pictures.last().unwrap(), CARD));
    stage.play(&mut [&mut ada], 200).await;
    assert!(!shows(stage.pictures.last().unwrap(), CARD));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_wanted_is_not_decoded() {
    let mut stage = Stage::new(Settings { makes: Makes::Sound, ..settings() });
    let mut ada = Publisher::new(1, 100, [80, 44]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    assert!(stage.outputs.pictures.is_none());
    assert_eq!((stage.counts.videos.load(SeqCst), stage.counts.cards.load(SeqCst)), (0, 0));
    assert_eq!(ada.video.listen(), 0);
    assert!(amplitude(stage.sounds.iter().skip(15), 440.0) > 7000.0);
    assert_eq!(stage.handle.snapshot().await.unwrap_err(), Error::NoPictures);
    stage.stop().await;

    let mut stage = Stage::new(Settings { makes: Makes::Pictures, ..settings() });
    let mut ada = Publisher::new(1, 100, [80, 44]);
    stage.handle.add(ada.member()).await.unwrap();
    stage.play(&mut [&mut ada], 500).await;
    assert_eq!(stage.counts.audios.load(SeqCst), 0);
    assert!(shows(stage.pictures.last().unwrap(), 100));
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_members_than_there_is_room_for_are_refused() {
    let stage = Stage::new(settings());
    for n in 0..=MOST_MEMBERS as u8 {
        let (key, shows) = (PublicationId::from_bytes([n; 10]), Shows::Camera);
        let member = Member { key, shows, name: String::new(), video: None, audio: None };
        let expected = if usize::from(n) < MOST_MEMBERS { Ok(()) } else { Err(Error::Full) };
        assert_eq!(stage.handle.add(member).await, expected);
    }
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_composition_ends_with_its_last_handle() {
    let Stage { handle, tracker, mut outputs, .. } = Stage::new(settings());
    tracker.close();
    drop(handle);
    tracker.wait().await;
    let pictures = outputs.pictures.as_mut().unwrap();
    while pictures.recv().await.is_some() {}
}
