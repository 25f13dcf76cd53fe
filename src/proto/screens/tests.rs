use super::*;

fn code() -> Code {
    Code { width: 21, dark: (0..21 * 21).map(|at| at % 3 == 0).collect() }
}

fn idle() -> Idle {
    Idle { clock: "18:42".into(), date: "Friday, 27 November".into(), name: "Porch".into(), ..Idle::default() }
}

#[test]
fn names_are_written_and_never_markup() {
    let ringing = Screen::Ringing { name: "<script>&".into(), answers: None, private: false };
    let drawn = screen(&ringing, Language::En);
    assert!(drawn.contains("&lt;script&gt;&amp;") && !drawn.contains("<script"), "{drawn}");
}

#[test]
fn amber_is_for_the_sign_on_air_alone() {
    let screens = [
        Screen::Blank,
        Screen::Idle(Idle { quiet: true, private: true, missed: 2, ..idle() }),
        Screen::Ringing { name: "Ada".into(), answers: Some(9), private: true },
        Screen::Code("0042".into()),
        Screen::Notice(Notice::Opening(Opening::Live, 5)),
        Screen::Notice(Notice::Message("Dinner".into())),
    ];
    for language in [Language::En, Language::De] {
        assert!(screens.iter().all(|of| !screen(of, language).contains(drawing::AMBER)));
        let notices = [Notice::Opening(Opening::Live, 5), Notice::Message("Dinner".into())].map(Sign::Notice);
        for of in Sign::ALL.into_iter().chain([Sign::Volume(0), Sign::Volume(100)]).chain(notices) {
            assert_eq!(sign(&of, language).contains(drawing::AMBER), of == Sign::OnAir);
        }
    }
}

#[test]
fn every_line_is_large_enough_for_three_metres() {
    let long = "m".repeat(40);
    let join = Some(Join { code: code(), address: "porchlight-upstairs.local".into(), pin: Some("042137".into()) });
    let screens = [
        Screen::Idle(Idle { quiet: true, private: true, missed: 12, join, name: long.clone(), ..idle() }),
        Screen::Idle(Idle { quiet: true, private: true, missed: 12, hotspot: Some(hotspot()), ..idle() }),
        Screen::Ringing { name: long, answers: None, private: true },
        Screen::Code("0042".into()),
        Screen::Notice(Notice::Message("m ".repeat(100))),
    ]
    .into_iter()
    .chain(Opening::ALL.map(|what| Screen::Notice(Notice::Opening(what, 5))))
    .collect::<Vec<_>>();
    for (screen, language) in screens.iter().flat_map(|of| [(of, Language::En), (of, Language::De)]) {
        let drawn = super::screen(screen, language);
        for part in drawn.split("font-size=\"").skip(1) {
            let size: f64 = part.split('"').next().and_then(|size| size.parse().ok()).expect("a size");
            assert!(size >= 32.0, "{size} in {drawn}");
        }
    }
}

#[test]
fn what_stays_for_long_moves_every_minute_and_comes_back() {
    let at = |minute| screen(&Screen::Idle(Idle { minute, ..idle() }), Language::En);
    assert!((0..8).all(|minute| at(minute) != at(minute + 1)));
    assert_eq!(at(3), at(11));
}

#[test]
fn a_code_has_its_quiet_zone() {
    let join = Some(Join { code: code(), address: String::new(), pin: None });
    let drawn = screen(&Screen::Idle(Idle { join, ..idle() }), Language::En);
    assert!(drawn.contains("M4 4h1v1h-1z") && !drawn.contains("M3 4h1"), "{drawn}");
}

fn hotspot() -> Box<Hotspot> {
    Box::new(Hotspot {
        code: code(),
        name: "Porchlight-1a2b".into(),
        password: "abcd2345efgh".into(),
        address: "10.42.0.1".into(),
    })
}

#[test]
fn without_a_network_the_screen_says_how_to_tell_the_box_one() {
    let join = Some(Join { code: code(), address: "porch.local".into(), pin: Some("042137".into()) });
    let drawn = screen(&Screen::Idle(Idle { join, hotspot: Some(hotspot()), ..idle() }), Language::En);
    for said in ["Porchlight-1a2b", "abcd2345efgh", "then open 10.42.0.1", "No network"] {
        assert!(drawn.contains(said), "{said} in {drawn}");
    }
    assert!(!drawn.contains("042 137") && !drawn.contains("porch.local"), "nobody reaches it by that: {drawn}");
    assert_eq!(wifi("Porch", "abcd2345"), "WIFI:T:WPA;S:Porch;P:abcd2345;;");
    assert_eq!(wifi(r#"a;b\c"d"#, "x:y,z"), r#"WIFI:T:WPA;S:a\;b\\c\"d;P:x\:y\,z;;"#);
}

#[test]
fn the_code_to_end_privacy_mode_is_read_digit_by_digit() {
    assert!(screen(&Screen::Code("0042".into()), Language::En).contains(">0 0 4 2<"));
}

#[test]
fn days_are_written_as_people_write_them() {
    assert_eq!(date(Language::En, 4, 27, 11), "Friday, 27 November");
    assert_eq!(date(Language::De, 6, 1, 3), "Sonntag, 1. März");
}

#[test]
fn a_message_has_as_many_lines_as_there_is_room_for() {
    assert_eq!(lines("Dinner is ready", 34, 6), ["Dinner is ready"]);
    assert_eq!(lines("Dinner is ready", 9, 6), ["Dinner is", "ready"]);
    assert_eq!(lines("a b c d", 1, 2), ["a", "b …"]);
    assert_eq!(lines("", 9, 2), [""]);
    let drawn = sign(&Sign::Notice(Notice::Message("<script>".into())), Language::En);
    assert!(!drawn.contains("<script") && drawn.contains("&lt;script&gt;"), "{drawn}");
}
