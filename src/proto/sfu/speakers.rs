//! Who speaks, whose picture is in front, and whose sound is sent to everybody.

use std::time::Duration;

use crate::model::time::MediaTime;

/// Quieter than this is no speech, in -dBov.
const QUIET: u8 = 50;
/// Speech is at least this much louder than what a microphone always gives, in dB.
const ABOVE_NOISE: f32 = 9.0;
/// How fast the noise of a microphone is found to be louder, in dB a second: speech has pauses before it gets there.
const NOISE_RISE: f32 = 1.0;
/// Noise is never louder than this above silence, in dB: somebody talks without a pause.
const LOUDEST_NOISE: f32 = 90.0;
/// Nobody is called speaking before this long: a cough is shorter.
const ONSET: Duration = Duration::from_millis(300);
/// Who speaks is called speaking this long into a pause.
const PAUSE: Duration = Duration::from_millis(800);
/// Whoever is to be in front has spoken this much longer than been silent.
const TAKE_OVER: Duration = Duration::from_millis(500);
/// Whoever came in front stays there this long while speaking.
const HOLD: Duration = Duration::from_secs(2);
/// Whoever is in front and speaks gives way to somebody this much louder, in dB.
const LOUDER: u8 = 6;
/// Whoever has not spoken for this long gives up the place among the loudest to somebody who does.
const FORGOTTEN: Duration = Duration::from_secs(1);
/// Time between two looks that counts at most.
const STEP: Duration = Duration::from_millis(500);

struct Voice<Id> {
    id: Id,
    level: u8,
    /// Its level when it was last loud enough for speech.
    speech: u8,
    /// What the microphone always gives, in dB above silence.
    noise: f32,
    /// It is loud enough for speech at this moment.
    loud: bool,
    /// How long it has been loud of late, in nanoseconds, up to [`ONSET`].
    onset: i64,
    speaking: bool,
    spoke: Option<MediaTime>,
    /// How much it has led of late, in nanoseconds, up to [`TAKE_OVER`].
    led: i64,
}

impl<Id> Voice<Id> {
    fn update(&mut self, level: u8, passed: i64, now: MediaTime) {
        self.level = level;
        let loudness = 127.0 - f32::from(level.min(127));
        self.noise = (self.noise + NOISE_RISE * passed as f32 / 1e9).min(loudness).min(LOUDEST_NOISE);
        self.loud = level <= QUIET && (loudness >= self.noise + ABOVE_NOISE);
        let by = if self.loud { passed } else { -passed };
        self.onset = (self.onset + by).clamp(0, ONSET.as_nanos() as i64);
        if self.loud {
            self.spoke = Some(now);
            self.speech = level;
        }
        self.speaking = match self.speaking {
            true => self.silent_for(now) <= PAUSE.as_nanos() as i64,
            false => self.onset >= ONSET.as_nanos() as i64,
        };
    }

    fn silent_for(&self, now: MediaTime) -> i64 {
        self.spoke.map_or(i64::MAX, |spoke| now.since(spoke))
    }
}

/// Follows the levels of everybody's sound. Give it all of them some times a second.
pub struct Speakers<Id> {
    voices: Vec<Voice<Id>>,
    heard: Vec<Id>,
    dominant: Option<(Id, MediaTime)>,
    last: Option<MediaTime>,
}

impl<Id> Default for Speakers<Id> {
    fn default() -> Self {
        Self { voices: Vec::new(), heard: Vec::new(), dominant: None, last: None }
    }
}

impl<Id: Copy + Eq> Speakers<Id> {
    /// The levels of all there are, in -dBov (RFC 6464: 0 loudest, 127 silence), and how many are heard at once. Who is missing
    /// is gone.
    pub fn update(&mut self, now: MediaTime, levels: &[(Id, u8)], heard: usize) {
        let passed = self.last.map_or(0, |last| now.since(last)).clamp(0, STEP.as_nanos() as i64);
        self.last = Some(now);
        self.voices.retain(|voice| levels.iter().any(|(id, _)| *id == voice.id));
        for &(id, level) in levels {
            match self.voices.iter_mut().find(|voice| voice.id == id) {
                Some(voice) => voice.update(level, passed, now),
                None => {
                    let mut voice = Voice {
                        id,
                        level,
                        speech: level,
                        noise: 127.0 - f32::from(QUIET),
                        loud: false,
                        onset: 0,
                        speaking: false,
                        spoke: None,
                        led: 0,
                    };
                    voice.update(level, 0, now);
                    self.voices.push(voice);
                }
            }
        }
        self.lead(now, passed);
        self.choose(now, heard);
    }

    /// Who speaks, or did last; their picture is in front.
    pub fn dominant(&self) -> Option<Id> {
        self.dominant.map(|(id, _)| id)
    }

    /// Whether this one speaks now.
    pub fn speaking(&self, id: Id) -> bool {
        self.voice(id).is_some_and(|voice| voice.speaking)
    }

    /// Those who are heard: whoever stays keeps the place, and whoever comes takes the place of who was silent longest.
    pub fn loudest(&self) -> &[Id] {
        &self.heard
    }

    fn voice(&self, id: Id) -> Option<&Voice<Id>> {
        self.voices.iter().find(|voice| voice.id == id)
    }

    fn lead(&mut self, now: MediaTime, passed: i64) {
        if self.dominant().is_some_and(|id| self.voice(id).is_none()) {
            self.dominant = None;
        }
        let bar =
            self.dominant().and_then(|id| self.voice(id)).filter(|voice| voice.speaking).map(|voice| voice.speech);
        let (front, full) = (self.dominant(), TAKE_OVER.as_nanos() as i64);
        for voice in &mut self.voices {
            let leads = voice.loud && bar.is_none_or(|bar| voice.level.saturating_add(LOUDER) <= bar);
            voice.led = (voice.led + if leads { passed } else { -passed }).clamp(0, full);
            if Some(voice.id) == front {
                voice.led = 0;
            }
        }
        let held = self.dominant.is_some_and(|(_, since)| bar.is_some() && now.since(since) < HOLD.as_nanos() as i64);
        let next = self.voices.iter().filter(|voice| voice.led >= full).min_by_key(|voice| voice.level);
        if let (false, Some(next)) = (held, next) {
            self.dominant = Some((next.id, now));
            for voice in &mut self.voices {
                voice.led = 0;
            }
        }
    }

    fn choose(&mut self, now: MediaTime, places: usize) {
        let Self { voices, heard, .. } = self;
        let of = |id: Id| voices.iter().find(|voice| voice.id == id);
        heard.retain(|id| of(*id).is_some());
        while heard.len() > places {
            let Some(at) = quietest(heard, of, now) else { break };
            heard.remove(at);
        }
        // Who spoke last comes first, then in the order in which they came.
        let mut others: Vec<&Voice<Id>> = voices.iter().filter(|voice| !heard.contains(&voice.id)).collect();
        others.sort_by_key(|voice| (!voice.loud, voice.silent_for(now), voice.level));
        for voice in others {
            if heard.len() < places {
                heard.push(voice.id);
                continue;
            }
            let Some(at) = quietest(heard, of, now).filter(|_| voice.loud) else {
                break;
            };
            let gives_way = of(heard[at]).is_none_or(|held| {
                held.silent_for(now) > FORGOTTEN.as_nanos() as i64 || voice.level.saturating_add(LOUDER) <= held.level
            });
            if gives_way {
                heard[at] = voice.id;
            }
        }
    }
}

/// Whose place among the heard is free first: who was silent longest, of several the quietest.
fn quietest<'a, Id: Copy + Eq + 'a>(
    heard: &[Id],
    of: impl Fn(Id) -> Option<&'a Voice<Id>>,
    now: MediaTime,
) -> Option<usize> {
    let silence = |at: &usize| of(heard[*at]).map_or((i64::MAX, u8::MAX), |voice| (voice.silent_for(now), voice.level));
    (0..heard.len()).max_by_key(silence)
}

#[cfg(test)]
mod tests;
