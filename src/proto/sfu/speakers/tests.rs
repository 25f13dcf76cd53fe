use super::*;

/// Looks ten times a second; each line is for how many tenths of a second who is how loud, and what is expected afterwards.
struct Table {
    speakers: Speakers<char>,
    tenths: i64,
    heard: usize,
}

impl Table {
    fn new(heard: usize) -> Self {
        Self { speakers: Speakers::default(), tenths: 0, heard }
    }

    fn hear(&mut self, tenths: i64, levels: &[(char, u8)]) -> (Option<char>, String) {
        for _ in 0..tenths {
            self.tenths += 1;
            self.speakers.update(MediaTime::from_millis(self.tenths * 100), levels, self.heard);
        }
        let speaking = levels.iter().map(|(id, _)| *id).filter(|id| self.speakers.speaking(*id)).collect();
        (self.speakers.dominant(), speaking)
    }

    fn loudest(&self) -> String {
        self.speakers.loudest().iter().collect()
    }
}

const SPEECH: u8 = 30;
const NOTHING: u8 = 127;

#[test]
fn whoever_speaks_comes_in_front_and_a_cough_does_not() {
    let mut table = Table::new(8);
    let told = |to: Option<char>, speaking: &str| (to, speaking.to_owned());
    assert_eq!(table.hear(10, &[('a', NOTHING), ('b', NOTHING)]), told(None, ""));
    assert_eq!(table.hear(4, &[('a', SPEECH), ('b', NOTHING)]), told(None, "a"));
    assert_eq!(table.hear(2, &[('a', SPEECH), ('b', NOTHING)]), told(Some('a'), "a"));
    assert_eq!(table.hear(30, &[('a', SPEECH), ('b', NOTHING)]), told(Some('a'), "a"));
    assert_eq!(table.hear(2, &[('a', SPEECH), ('b', 5)]), told(Some('a'), "a"), "a cough");
    assert_eq!(table.hear(30, &[('a', SPEECH), ('b', NOTHING)]), told(Some('a'), "a"));
    assert_eq!(table.hear(30, &[('a', SPEECH), ('b', SPEECH)]), told(Some('a'), "ab"), "both, none louder");
    assert_eq!(table.hear(20, &[('a', NOTHING), ('b', NOTHING)]), told(Some('a'), ""), "the last stays");
    assert_eq!(table.hear(6, &[('a', NOTHING), ('b', SPEECH)]), told(Some('b'), "b"));
    assert_eq!(table.hear(1, &[('a', NOTHING)]).0, None, "whoever goes is not in front");
}

#[test]
fn a_pause_between_sentences_takes_nobody_out_of_the_picture() {
    let mut table = Table::new(8);
    table.hear(30, &[('a', SPEECH), ('b', NOTHING)]);
    for _ in 0..20 {
        assert_eq!(table.hear(7, &[('a', NOTHING), ('b', 40)]).0, Some('a'));
        assert_eq!(table.hear(10, &[('a', SPEECH), ('b', NOTHING)]).0, Some('a'));
    }
}

#[test]
fn noise_that_never_ends_is_no_speech() {
    let mut table = Table::new(8);
    let (front, speaking) = table.hear(300, &[('a', 45), ('b', NOTHING)]);
    assert_eq!((front, speaking.as_str()), (None, ""));
    assert_eq!(table.hear(10, &[('a', 25), ('b', NOTHING)]), (Some('a'), "a".into()), "speech over the noise is");
}

#[test]
fn somebody_much_louder_takes_over_but_not_at_once() {
    let mut table = Table::new(8);
    table.hear(10, &[('a', 33), ('b', NOTHING)]);
    assert_eq!(table.hear(10, &[('a', 33), ('b', 20)]).0, Some('a'), "who came in front stays a while");
    assert_eq!(table.hear(20, &[('a', 33), ('b', 20)]).0, Some('b'));
}

#[test]
fn the_loudest_keep_their_places() {
    let mut table = Table::new(3);
    table.hear(10, &[('a', SPEECH), ('b', NOTHING), ('c', NOTHING), ('d', NOTHING)]);
    assert_eq!(table.loudest(), "abc");
    table.hear(1, &[('a', SPEECH), ('b', NOTHING), ('c', NOTHING), ('d', SPEECH)]);
    assert!(
        table.loudest().starts_with('a') && table.loudest().contains('d'),
        "at the first word: {}",
        table.loudest()
    );
    let before = table.loudest();
    for _ in 0..50 {
        table.hear(3, &[('a', SPEECH), ('b', NOTHING), ('c', NOTHING), ('d', 33)]);
        table.hear(3, &[('a', NOTHING), ('b', 60), ('c', 55), ('d', SPEECH)]);
        assert_eq!(table.loudest(), before, "quieter than speech changes nothing");
    }
    table.hear(20, &[('a', SPEECH), ('b', SPEECH), ('c', SPEECH), ('d', SPEECH)]);
    let before = table.loudest();
    table.hear(50, &[('a', 31), ('b', 29), ('c', 32), ('d', 28)]);
    assert_eq!(table.loudest(), before, "four that are as loud do not take turns");
    table.heard = 2;
    table.hear(1, &[('a', SPEECH), ('b', SPEECH), ('c', SPEECH), ('d', SPEECH)]);
    assert_eq!(table.loudest().len(), 2);
    table.hear(1, &[('d', SPEECH)]);
    assert_eq!(table.loudest(), "d");
}

#[test]
fn everybody_is_heard_while_there_is_room() {
    let mut table = Table::new(8);
    table.hear(1, &[('a', NOTHING), ('b', NOTHING), ('c', 99)]);
    let mut all: Vec<char> = table.loudest().chars().collect();
    all.sort_unstable();
    assert_eq!(all, ['a', 'b', 'c']);
}
