use super::*;
use crate::model::opening::Opening;
use crate::proto::screens::{HEIGHT, Idle, Join, Language, Notice, Screen, Sign, WIDTH, screen, sign};

/// Only what is bundled, so that pictures are the same on every machine.
fn artist() -> Artist {
    let mut fonts = fontdb::Database::new();
    FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
    Artist { fonts: Arc::new(fonts) }
}

fn screens() -> Vec<(&'static str, Screen)> {
    let join = Join {
        code: code("https://porch.local:8443/r/abcdefgh23456789#invite=TheSecretOfAnInvite").expect("it fits"),
        address: "porch.local".into(),
        pin: None,
    };
    let own = Join { address: "porchlight.local/sign-in".into(), pin: Some("042137".into()), ..join.clone() };
    let idle = Idle {
        clock: "18:42".into(),
        date: "Friday, 27 November".into(),
        name: "Porch".into(),
        join: Some(join),
        ..Idle::default()
    };
    vec![
        ("blank", Screen::Blank),
        ("first-start", Screen::Idle(Idle { join: Some(own), ..idle.clone() })),
        ("idle", Screen::Idle(idle.clone())),
        (
            "idle-all",
            Screen::Idle(Idle {
                quiet: true,
                private: true,
                missed: 2,
                name: "The box under the television, upstairs".into(),
                minute: 3,
                ..idle
            }),
        ),
        ("ringing", Screen::Ringing { name: "Ada".into(), answers: None, private: false }),
        (
            "ringing-long",
            Screen::Ringing {
                name: "Ада Лавлейс & Charles Babbage, Wien 1843".into(),
                answers: Some(9),
                private: true,
            },
        ),
        ("code", Screen::Code("0042".into())),
    ]
}

/// A hash of what is to be seen: the mean of each of 64 by 36 blocks, coarse enough for another rounding of the same drawing.
fn seen(picture: &Picture) -> String {
    const ACROSS: usize = 64;
    const DOWN: usize = 36;
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut text = String::new();
    for row in 0..DOWN {
        for column in 0..ACROSS {
            let (from_x, to_x) = (column * width / ACROSS, (column + 1) * width / ACROSS);
            let (from_y, to_y) = (row * height / DOWN, (row + 1) * height / DOWN);
            let sum: usize = (from_y..to_y)
                .flat_map(|y| &picture.data[y * width + from_x..y * width + to_x])
                .map(|y| usize::from(*y))
                .sum();
            let mean = sum / ((to_x - from_x) * (to_y - from_y));
            text.push(char::from(b" .:-=+*#%@"[mean.saturating_sub(16) * 10 / 220]));
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_screen_looks_as_it_was_looked_at() {
    let (artist, golden) = (artist(), std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/screens"));
    for (name, of) in screens() {
        for (width, height) in [(1280, 720), (1920, 1080)] {
            let picture = artist.picture(&screen(&of, Language::En), width, height).expect("it is drawn");
            assert_eq!((picture.width, picture.height), (width, height));
            if let Some(folder) = std::env::var_os("LOOKS") {
                let pixels = artist.draw(&screen(&of, Language::En), width, height).expect("it is drawn");
                pixels
                    .save_png(std::path::Path::new(&folder).join(format!("tv-{name}-{height}.png")))
                    .expect("it is written");
            }
            let path = golden.join(format!("{name}-{height}.txt"));
            let seen = seen(&picture);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::create_dir_all(&golden).expect("a folder");
                std::fs::write(&path, &seen).expect("it is written");
            }
            let expected = std::fs::read_to_string(&path).expect("it was looked at");
            // One step of brightness may be another on another processor.
            let differ = seen.bytes().zip(expected.bytes()).filter(|(one, other)| one != other).count();
            assert!(
                seen.len() == expected.len() && differ <= 20,
                "{name} of {height} lines differs in {differ} of 2304 places:\n{seen}"
            );
        }
    }
}

#[test]
fn the_bundled_font_has_letters_for_what_we_say() {
    let artist = artist();
    let notice = Sign::Notice(Notice::Opening(Opening::Live, 5));
    for of in Sign::ALL.into_iter().chain([Sign::Volume(100), notice]) {
        for language in [Language::En, Language::De] {
            let (width, height) = of.size();
            let stamp = artist.stamp(&sign(&of, language), width, height).expect("it is drawn");
            let inside = stamp.picture.data.iter().take((width * height) as usize);
            let (least, most) = inside.fold((255, 0), |(least, most), y| (least.min(*y), most.max(*y)));
            assert!(most - least > 100, "{of:?} can be read: {least} to {most}");
            // The corners are round, the middle is opaque.
            assert_eq!((stamp.opacity[0], stamp.opacity[(width * height / 2 + width / 2) as usize]), (0, 255));
            if let Some(folder) = std::env::var_os("LOOKS") {
                let pixels = artist.draw(&sign(&of, language), width, height).expect("it is drawn");
                pixels
                    .save_png(std::path::Path::new(&folder).join(format!("tv-sign-{of:?}-{language:?}.png")))
                    .expect("it is written");
            }
        }
    }
}

#[test]
fn nothing_is_written_in_the_outer_five_percent() {
    let artist = artist();
    for (name, of) in screens().into_iter().filter(|(name, _)| *name != "blank") {
        let picture = artist.picture(&screen(&of, Language::De), WIDTH, HEIGHT).expect("it is drawn");
        let ground = picture.data[0];
        let inside = |x: u32, y: u32| (96..WIDTH - 96).contains(&x) && (54..HEIGHT - 54).contains(&y);
        let outside = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))).filter(|(x, y)| !inside(*x, *y));
        let written = outside.filter(|(x, y)| picture.data[(y * WIDTH + x) as usize].abs_diff(ground) > 4).count();
        assert_eq!(written, 0, "{name}");
    }
}

#[test]
fn a_drawing_of_another_shape_lies_in_the_middle_of_black() {
    let artist = artist();
    let picture = artist.picture(&screen(&Screen::Code("0042".into()), Language::En), 1024, 768).expect("it is drawn");
    assert_eq!((picture.data[0], picture.data[768 / 2 * 1024]), (16, Colour::DUSK.y));
    assert!(matches!(artist.picture("<svg", 64, 64), Err(Error::Drawing(_))));
    assert!(matches!(artist.picture(&screen(&Screen::Blank, Language::En), 0, 64), Err(Error::Size(0, 64))));
    assert!(matches!(code(&"x".repeat(4000)), Err(Error::Long)));
}
