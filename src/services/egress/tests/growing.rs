//! A segment that is sent while it is made, and the manifest that names it.

use super::*;

/// The number of the segment that is being made.
async fn open(studio: &Studio, run: &str) -> u64 {
    let playlist = text(studio.get(&format!("{run}/video/index.m3u8")).await.unwrap());
    let (_, hint) = playlist.split_once("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"").unwrap();
    let (number, part) = hint.split_once('.').unwrap();
    assert_ne!(&part[..1], "0", "there is a part of it");
    number.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_segment_goes_out_part_by_part_while_it_is_made() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3500).await;
    let number = open(&studio, &run).await;
    let path = format!("{run}/video/{number}.m4s");
    let object = studio.get(&path).await.unwrap();
    assert_eq!((object.content_type, &object.body[4..8]), ("video/mp4", &b"styp"[..]));
    assert!(object.cache_control.contains("immutable"), "it is the object that it will be");
    assert_eq!(studio.handle.waiting(), 1, "it counts among those who wait");
    let mut rest = object.rest.expect("there is more to come");
    let (handle, id, next) = (studio.handle.clone(), studio.id, format!("{run}/video/{}.m4s", number + 1));
    let mut following = JoinSet::new();
    following.spawn(async move { handle.get(id, &next, None).await });
    let mut parts = vec![object.body];
    let taking = async {
        while let Some(part) = rest.next().await.unwrap() {
            parts.push(part);
        }
    };
    let mut taking = Box::pin(taking);
    let mut from = 3500;
    loop {
        tokio::select! {
            biased;
            () = &mut taking => break,
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        studio.play(from, from + 100);
        from += 100;
        assert!(from < 10_000, "it ends with the segment");
    }
    drop(taking);
    assert!(parts.len() >= 4, "{} parts", parts.len());
    assert!(parts.iter().skip(1).all(|part| &part[4..8] == b"moof"));
    let whole = studio.get(&path).await.unwrap();
    assert!(whole.rest.is_none());
    assert_eq!(parts.concat(), whole.body, "and it is the very segment");
    studio.play(from, from + 1000);
    let following = following.join_next().await.unwrap().unwrap().unwrap();
    assert!(following.rest.is_some(), "who asked before it began has it from its beginning on");
    drop((following, rest));
    assert_eq!(studio.handle.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_ends_in_bounded_time_and_with_an_error() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3500).await;
    let number = open(&studio, &run).await;
    let get = async |number: u64| studio.get(&format!("{run}/video/{number}.m4s")).await;
    let mut rest = get(number).await.unwrap().rest.unwrap();
    while let Ok(part) = rest.next().await {
        assert!(part.is_some(), "it is not whole");
    }
    assert_eq!(rest.next().await, Err(Error::Timeout), "nothing came for three target durations");
    assert_eq!(get(number + 1).await.map(drop), Err(Error::NotFound), "it was not begun in time");
    let began = tokio::time::Instant::now();
    assert_eq!(get(number + 2).await.map(drop), Err(Error::NotFound));
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits for what is further away");
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_an_open_segment_at_once_and_so_does_the_end_of_the_broadcast() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3500).await;
    let number = open(&studio, &run).await;
    let path = format!("{run}/video/{number}.m4s");
    let mut rest = studio.get(&path).await.unwrap().rest.unwrap();
    studio.feed.cuts.send(START.plus_nanos(3_400_000_000)).unwrap();
    let began = tokio::time::Instant::now();
    let end = loop {
        match rest.next().await {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!((end, began.elapsed()), (Err(Error::NotFound), Duration::ZERO), "it is not taken for whole");
    assert_eq!(studio.get(&path).await.map(drop), Err(Error::NotFound));

    studio.play(3500, 8000);
    while studio.get(&format!("{run}/video/index.m3u8")).await.is_err() {}
    let number = open(&studio, &run).await;
    let mut rest = studio.get(&format!("{run}/video/{number}.m4s")).await.unwrap().rest.unwrap();
    studio.handle.remove(studio.id).await;
    let began = tokio::time::Instant::now();
    while let Ok(Some(_)) = rest.next().await {}
    assert_eq!(began.elapsed(), Duration::ZERO, "it ends, whole or not");
    assert_eq!(studio.handle.manifest(studio.id, None).await.map(drop), Err(Error::NotOnAir));
}

#[tokio::test(start_paused = true)]
async fn the_manifest_begins_a_run_and_who_reloads_it_is_counted() {
    let mut studio = Studio::open().await;
    assert_eq!(studio.handle.manifest(studio.id, Some(1)).await.map(drop), Err(Error::NotFound), "it began nothing");
    assert_eq!(studio.opened(), 0);
    let (handle, id) = (studio.handle.clone(), studio.id);
    let mut asking = JoinSet::new();
    asking.spawn(async move { handle.manifest(id, None).await });
    while studio.opened() == 0 {
        tokio::task::yield_now().await;
    }
    studio.play(0, 3500);
    let first = asking.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!((first.content_type, first.cache_control.as_str()), (MANIFEST, "public, max-age=1"));
    let first = String::from_utf8(first.body.to_vec()).unwrap();
    let (_, run) = first.split_once("<Location>manifest.mpd?run=").unwrap();
    let run: u64 = run.split('<').next().unwrap().parse().unwrap();
    assert!(first.contains(&format!("<BaseURL>../../hls/{}/{run}/</BaseURL>", studio.id)), "{first}");
    let viewers = studio.handle.viewers(studio.id).await.unwrap();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        studio.handle.manifest(studio.id, Some(run)).await.unwrap();
    }
    assert_eq!(*viewers.borrow(), 1);
    assert_eq!(studio.opened(), 1, "all of them read the same run");
}
