//! To other services: encoded pictures and sound in, one connection out, by RTMP or SRT. Nothing is decoded or encoded.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use super::counters::Work;
use super::describe::{FRAMES, PICTURES, describe};
use super::running::{Built, Cause, Ended, Event, Running, name};
use super::spec::{self, PushSpec, Spec};
use super::{Counters, Error, Fed, Gone, annexb};
use crate::model::time::MediaTime;
use crate::model::unit::{Config, Unit};
use crate::proto::cmaf::{Format, Picture};

/// Buffers of a stream that have reached its last element when something has left it: the header of FLV goes nowhere, and what comes next waits
/// for the connection.
const FLOWS: u64 = 3;

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// As everywhere.
    Fed(Fed),
    /// Its pictures are of another size than those before: it takes another connection to go on.
    Resized,
}

/// What has left, and what must not any more.
#[derive(Debug)]
struct Flow {
    buffers: AtomicU64,
    bytes: AtomicU64,
    /// Media time of the first picture, in nanoseconds: time zero of the stream.
    zero: AtomicI64,
    /// What was captured before this is thrown away wherever it is, in nanoseconds of media time.
    cut: AtomicI64,
}

impl Flow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            buffers: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            zero: AtomicI64::new(0),
            cut: AtomicI64::new(i64::MIN),
        })
    }

    fn is_cut(&self, buffer: &gst::BufferRef) -> bool {
        let cut = self.cut.load(Ordering::Acquire);
        let pts = buffer.pts().and_then(|pts| i64::try_from(pts.nseconds()).ok());
        pts.is_some_and(|pts| pts.saturating_add(self.zero.load(Ordering::Acquire)) < cut)
    }

    /// Throws away what passes and is older than the cut, and counts the rest if this is the last element.
    fn watch(self: &Arc<Self>, pad: &gst::Pad, last: bool) {
        let flow = self.clone();
        let wanted = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad.add_probe(wanted, move |_, info| {
            let (first, bytes) = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => (Some(buffer.as_ref()), buffer.size()),
                Some(gst::PadProbeData::BufferList(list)) => (list.get(0), list.iter().map(gst::BufferRef::size).sum()),
                _ => (None, 0),
            };
            if first.is_some_and(|buffer| flow.is_cut(buffer)) {
                return gst::PadProbeReturn::Drop;
            }
            if last {
                flow.buffers.fetch_add(1, Ordering::AcqRel);
                flow.bytes.fetch_add(bytes as u64, Ordering::AcqRel);
            }
            gst::PadProbeReturn::Ok
        });
    }
}

/// Takes the units of what is on air.
#[derive(Debug)]
pub struct PushFeed {
    pictures: app::AppSrc,
    sound: app::AppSrc,
    ended: Ended,
    work: Arc<Work>,
    flow: Arc<Flow>,
    /// H.264 with lengths (FLV), or with start codes (MPEG-TS).
    lengths: bool,
    /// The pictures so far, and how large they are.
    video: Option<(Arc<Config>, Option<Picture>)>,
    audio: Option<Arc<Config>>,
    synchronised: bool,
}

impl PushFeed {
    /// Hands a unit over. Never waits: what does not fit is dropped, pictures up to the next keyframe. Sound before the first picture
    /// is dropped, too: the stream begins with a keyframe, at time zero.
    ///
    /// # Errors
    /// [`Gone`] after the pipeline has ended.
    pub fn push(&mut self, unit: &Unit) -> Result<Pushed, Gone> {
        self.ended.check()?;
        let fed = if unit.pts.nanos() < self.flow.cut.load(Ordering::Acquire) {
            Fed::Refused
        } else {
            match &*unit.config {
                Config::H264 { sps, pps } => match self.picture(unit, sps, pps)? {
                    Pushed::Fed(fed) => fed,
                    resized => return Ok(resized),
                },
                Config::Aac { asc, rate, channels } => self.frame(unit, asc, (*rate, *channels))?,
                _ => Fed::Refused,
            }
        };
        Ok(Pushed::Fed(self.work.fed(fed)))
    }

    fn picture(&mut self, unit: &Unit, sps: &[u8], pps: &[u8]) -> Result<Pushed, Gone> {
        let full = self.pictures.current_level_buffers() >= PICTURES;
        self.synchronised &= !unit.gap && !full;
        if !self.synchronised && (!unit.keyframe || full) {
            return Ok(Pushed::Fed(Fed::NeedsKeyframe));
        }
        if self.video.as_ref().is_none_or(|(config, _)| !Arc::ptr_eq(config, &unit.config)) {
            let size = Format::read(&unit.config).ok().and_then(|format| format.picture());
            if self.video.as_ref().is_some_and(|(_, before)| *before != size) {
                return Ok(Pushed::Resized);
            }
            let same = self.video.as_ref().is_some_and(|(config, _)| *config == unit.config);
            if !same {
                let Some(caps) = self.caps(sps, pps, size) else { return Ok(Pushed::Fed(Fed::Refused)) };
                self.pictures.set_caps(Some(&caps));
            }
            if self.video.is_none() {
                self.flow.zero.store(unit.pts.nanos(), Ordering::Release);
            }
            self.video = Some((unit.config.clone(), size));
        }
        let data = match self.lengths {
            true => Some(gst::Buffer::from_slice(unit.data.clone())),
            false => annexb::join(unit.keyframe.then_some((sps, pps)), &unit.data).map(gst::Buffer::from_mut_slice),
        };
        let Some(data) = data else {
            self.synchronised = false;
            return Ok(Pushed::Fed(Fed::Refused));
        };
        self.synchronised = true;
        self.send(&self.pictures, data, unit)
    }

    fn caps(&self, sps: &[u8], pps: &[u8], size: Option<Picture>) -> Option<gst::Caps> {
        let mut caps = gst::Caps::builder("video/x-h264").field("alignment", "au");
        if let Some(Picture { width, height }) = size {
            caps = caps.field("width", i32::from(width)).field("height", i32::from(height));
        }
        Some(match self.lengths {
            true => {
                let record = gst::Buffer::from_mut_slice(annexb::record(sps, pps)?);
                caps.field("stream-format", "avc").field("codec_data", record).build()
            }
            false => caps.field("stream-format", "byte-stream").build(),
        })
    }

    fn frame(&mut self, unit: &Unit, asc: &[u8], (rate, channels): (u32, u8)) -> Result<Fed, Gone> {
        if self.video.is_none() || unit.pts.nanos() < self.flow.zero.load(Ordering::Acquire) {
            return Ok(Fed::Refused);
        }
        if self.sound.current_level_buffers() >= FRAMES {
            return Ok(Fed::Full);
        }
        if self.audio.as_ref().is_none_or(|config| *config != unit.config) {
            let caps = gst::Caps::builder("audio/mpeg")
                .field("mpegversion", 4)
                .field("stream-format", "raw")
                .field("framed", true)
                .field("rate", i32::try_from(rate).unwrap_or_default())
                .field("channels", i32::from(channels))
                .field("codec_data", gst::Buffer::from_mut_slice(asc.to_vec()));
            self.sound.set_caps(Some(&caps.build()));
            self.audio = Some(unit.config.clone());
        }
        match self.send(&self.sound, gst::Buffer::from_slice(unit.data.clone()), unit)? {
            Pushed::Fed(fed) => Ok(fed),
            Pushed::Resized => Ok(Fed::Refused),
        }
    }

    fn send(&self, to: &app::AppSrc, mut data: gst::Buffer, unit: &Unit) -> Result<Pushed, Gone> {
        if let Some(buffer) = data.get_mut() {
            let after = unit.pts.nanos().saturating_sub(self.flow.zero.load(Ordering::Acquire));
            let at = gst::ClockTime::from_nseconds(after.max(0).unsigned_abs());
            buffer.set_pts(at);
            buffer.set_dts(at);
            buffer.set_duration(unit.duration.map(|d| gst::ClockTime::from_nseconds(d.as_nanos() as u64)));
            if !unit.keyframe {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        to.push_buffer(data).map(|_| Pushed::Fed(Fed::Taken)).map_err(|_| Gone)
    }

    /// Throws away, wherever in the pipeline it still is, what was captured before a moment; pictures go on with the next keyframe.
    pub fn forget(&mut self, before: MediaTime) {
        self.flow.cut.fetch_max(before.nanos(), Ordering::AcqRel);
        self.synchronised = false;
    }

    /// Units were lost on the way here: pictures go on with the next keyframe.
    pub fn lost(&mut self) {
        self.synchronised = false;
    }

    /// Whether nothing is of use before the next keyframe.
    pub const fn waits_for_keyframe(&self) -> bool {
        !self.synchronised
    }

    /// Whether the other side takes the stream.
    pub fn flows(&self) -> bool {
        self.flow.buffers.load(Ordering::Acquire) >= FLOWS
    }

    /// Pictures that wait to be sent.
    pub fn waits(&self) -> u64 {
        self.pictures.current_level_buffers()
    }

    /// Bytes of the stream that were sent.
    pub fn sent(&self) -> u64 {
        self.flow.bytes.load(Ordering::Acquire)
    }
}

/// Sends units to another service.
///
/// # Errors
/// [`Error`] when the pipeline can't be built.
pub fn push(counters: &Counters, to: PushSpec) -> Result<(Running, PushFeed), Error> {
    let spec = Spec::Push(to.clone());
    spec::check(&spec)?;
    let mut built = Built::new("push", &describe(&spec))?.counted(counters);
    built.hide(to.hidden());
    let sink: gst::Element = built.element(name::DEVICE);
    let lengths = match &to {
        PushSpec::Rtmp { secure, host, port, application, stream } => {
            sink.set_property_from_str("scheme", if *secure { "rtmps" } else { "rtmp" });
            sink.set_property("host", host);
            sink.set_property("port", i32::from(*port));
            sink.set_property("application", application);
            sink.set_property("stream", stream.reveal());
            true
        }
        PushSpec::Srt { host, port, stream_id, passphrase } => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            // First of all: it takes the place of what was set before.
            sink.set_property("uri", format!("srt://{host}:{port}"));
            if let Some(id) = stream_id {
                sink.set_property("streamid", id.reveal());
            }
            if let Some(passphrase) = passphrase {
                sink.set_property("passphrase", passphrase.reveal());
            }
            false
        }
    };
    let flow = Flow::new();
    let (pictures, sound): (app::AppSrc, app::AppSrc) = (built.element(name::IN), built.element(name::SOUND));
    for (element, pad, last) in
        [(pictures.upcast_ref(), "src", false), (sound.upcast_ref(), "src", false), (&sink, "sink", true)]
    {
        let element: &gst::Element = element;
        flow.watch(&element.static_pad(pad).expect("it has this pad"), last);
    }
    let feed = PushFeed {
        pictures,
        sound,
        ended: built.ended(),
        work: built.work(),
        flow,
        lengths,
        video: None,
        audio: None,
        synchronised: false,
    };
    Ok((built.run()?, feed))
}

/// What is wrong with a push, as far as that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody knows a server of this name.
    Name,
    /// Nothing listens at this port.
    Refused,
    /// There is no way to the server.
    Unreachable,
    /// Nobody answers; with SRT it may also be that the server does not want this stream.
    Silent,
    /// The server's certificate can't be trusted.
    Certificate,
    /// The server speaks no TLS here.
    NotTls,
    /// The server knows no such application.
    Path,
    /// The server does not take this key.
    Key,
    /// The server ended the connection.
    Lost,
    /// The server takes nothing any more.
    Stalled,
    /// Something else.
    Other,
}

/// What the end of a push means; `flowed` says whether it had begun. What GStreamer says has numbers beside its words, which are in
/// the language of the system.
pub fn trouble(event: &Event, flowed: bool) -> Trouble {
    let Event::Failed { cause, reason, .. } = event else { return Trouble::Other };
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    let io =
        |codes: &[u32]| codes.iter().any(|code| reason.contains(&format!("domain g-io-error-quark, code {code})")));
    match () {
        () if *cause == Cause::Ended => Trouble::Lost,
        () if says(&["g-resolver-error-quark", "Failed to resolve host"]) => Trouble::Name,
        () if says(&["g-tls-error-quark, code 2)"]) => Trouble::Certificate,
        () if says(&["g-tls-error-quark"]) => Trouble::NotTls,
        () if says(&["Not authorized", "publish denied", "'publish' cmd failed"]) => Trouble::Key,
        () if says(&["'connect' cmd failed"]) => Trouble::Path,
        () if says(&["Connection refused"]) || io(&[39]) => Trouble::Refused,
        () if io(&[37, 38]) => Trouble::Unreachable,
        () if io(&[24]) && flowed => Trouble::Stalled,
        () if io(&[24]) => Trouble::Silent,
        () if says(&["Failed to write to SRT socket"]) && !flowed => Trouble::Silent,
        () if says(&["Failed to write to SRT socket", "Connection error"]) || io(&[44]) => Trouble::Lost,
        () => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use bytes::Bytes;

    use super::*;
    use crate::model::secret::Secret;
    use crate::proto::cmaf::test_configs;

    fn unit(config: &Arc<Config>, millis: i64, keyframe: bool) -> Unit {
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 7]);
        let (pts, config) = (MediaTime::from_millis(millis), config.clone());
        Unit { pts, duration: None, keyframe, gap: false, level: None, config, data }
    }

    #[tokio::test]
    async fn a_stream_begins_with_a_keyframe_and_goes_on_with_one_after_a_loss_a_cut_and_a_jam() {
        // It takes connections and says nothing.
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let to = PushSpec::Rtmp {
            secure: false,
            host: "127.0.0.1".to_owned(),
            port: server.local_addr().expect("an address").port(),
            application: "live".to_owned(),
            stream: Secret::new("key"),
        };
        let (running, mut feed) = push(&Counters::default(), to).expect("the elements are installed");
        let (video, audio) = (Arc::new(test_configs::h264()), Arc::new(test_configs::aac()));
        let mut push = |config, millis, keyframe| feed.push(&unit(config, millis, keyframe)).expect("it runs");
        let (taken, later, refused) =
            (Pushed::Fed(Fed::Taken), Pushed::Fed(Fed::NeedsKeyframe), Pushed::Fed(Fed::Refused));
        assert_eq!(push(&audio, 900, true), refused, "sound has to wait for a picture");
        assert_eq!(push(&video, 960, false), later);
        assert_eq!(push(&video, 1000, true), taken);
        assert_eq!(push(&audio, 990, true), refused, "nothing is before time zero");
        assert_eq!((push(&audio, 1010, true), push(&video, 1040, false)), (taken, taken));
        feed.lost();
        assert_eq!(feed.push(&unit(&video, 1080, false)), Ok(later));
        assert_eq!(feed.push(&unit(&video, 1120, true)), Ok(taken));
        feed.forget(MediaTime::from_millis(1200));
        assert_eq!(feed.push(&unit(&video, 1160, true)), Ok(refused));
        assert_eq!(feed.push(&unit(&audio, 1160, true)), Ok(refused));
        assert_eq!(feed.push(&unit(&video, 1240, false)), Ok(later));
        assert_eq!(feed.push(&unit(&video, 1280, true)), Ok(taken));
        // Other parameter sets of a picture of the same size are no reason to begin anew; another size is.
        let Config::H264 { sps, .. } = &*video else { panic!("it is H.264") };
        let same =
            Arc::new(Config::H264 { sps: sps.clone(), pps: Bytes::from_static(&[0x68, 0xcb, 0x83, 0xcb, 0x21]) });
        assert_eq!(feed.push(&unit(&same, 1320, true)), Ok(taken));
        let other = Arc::new(Config::H264 { sps: Bytes::from_static(&[0x67, 0x42, 0xc0, 0x1f]), pps: Bytes::new() });
        assert_eq!(feed.push(&unit(&other, 1360, true)), Ok(Pushed::Resized));
        // Nobody takes anything: what is too much is dropped, up to a keyframe for which there is a place.
        let jammed = (0..200).map(|n| feed.push(&unit(&same, 1400 + n * 40, false))).position(|fed| fed == Ok(later));
        assert!(jammed.is_some_and(|at| at <= PICTURES as usize), "{jammed:?}");
        assert_eq!(feed.push(&unit(&same, 9600, true)), Ok(later));
        assert!(!feed.flows(), "nobody has taken anything");
        running.stop().await;
        assert_eq!(feed.push(&unit(&same, 9640, true)), Err(Gone));
    }

    #[test]
    fn what_waits_in_a_pipeline_and_is_older_than_the_cut_is_thrown_away() {
        let text = "appsrc name=in format=time caps=\"video/x-h264\" ! appsink name=out sync=false";
        let built = Built::new("test", text).expect("it can be built");
        let (source, sink): (app::AppSrc, app::AppSink) = (built.element(name::IN), built.element(name::OUT));
        let flow = Flow::new();
        flow.zero.store(1_000_000_000, Ordering::Release);
        flow.watch(&source.static_pad("src").expect("a pad"), false);
        flow.watch(&sink.static_pad("sink").expect("a pad"), true);
        for millis in [0, 40, 80] {
            let mut buffer = gst::Buffer::from_slice([0; 8]);
            buffer.get_mut().expect("it is ours").set_pts(gst::ClockTime::from_mseconds(millis));
            source.push_buffer(buffer).expect("there is a place");
        }
        flow.cut.store(1_060_000_000, Ordering::Release);
        built.pipeline().set_state(gst::State::Playing).expect("it starts");
        let sample = sink.try_pull_sample(gst::ClockTime::from_seconds(30)).expect("one is left");
        assert_eq!(sample.buffer().and_then(|buffer| buffer.pts()), Some(gst::ClockTime::from_mseconds(80)));
        assert_eq!((flow.buffers.load(Ordering::Acquire), flow.bytes.load(Ordering::Acquire)), (1, 8));
        built.pipeline().set_state(gst::State::Null).expect("it stops");
    }

    #[test]
    fn what_gstreamer_says_is_told_apart() {
        let said = |reason: &str| Event::Failed {
            cause: Cause::Device,
            element: "device".to_owned(),
            reason: reason.to_owned(),
        };
        for (reason, flowed, expected) in [
            (
                "Connection refused: Could not connect to (hidden): Connection refused (../gst/rtmp2/x.c(1114))",
                false,
                Trouble::Refused,
            ),
            ("Failed to connect: Fehler (x.c(1117): domain g-resolver-error-quark, code 0)", false, Trouble::Name),
            (
                "Failed to connect: Unacceptable (x.c(1117): domain g-tls-error-quark, code 2)",
                false,
                Trouble::Certificate,
            ),
            ("Failed to connect: x (x.c(1117): domain g-tls-error-quark, code 3)", false, Trouble::NotTls),
            ("Failed to connect: x (x.c(1117): domain g-io-error-quark, code 24)", false, Trouble::Silent),
            ("Connection error: x (x.c(1085): domain g-io-error-quark, code 24)", true, Trouble::Stalled),
            ("Failed to connect: x (x.c(1117): domain g-io-error-quark, code 37)", false, Trouble::Unreachable),
            (
                "Failed to connect: 'publish' cmd failed: connection closed remotely (x: domain g-io-error-quark, code 0)",
                false,
                Trouble::Key,
            ),
            (
                "Failed to connect: publish denied; stream already exists: { \"code\": \"NetStream.Publish.BadName\" } (x: domain \
                 g-io-error-quark, code 2)",
                false,
                Trouble::Key,
            ),
            ("Failed to connect: 'connect' cmd failed: x (x: domain g-io-error-quark, code 0)", false, Trouble::Path),
            ("Connection error: connection closed remotely (x: domain g-io-error-quark, code 44)", true, Trouble::Lost),
            ("Failed to write to SRT socket: Connection does not exist", false, Trouble::Silent),
            ("Failed to write to SRT socket: Connection was broken", true, Trouble::Lost),
            ("Failed to open SRT: Failed to resolve host '(hidden)': x", false, Trouble::Name),
            ("Internal data stream error.", true, Trouble::Other),
        ] {
            assert_eq!(trouble(&said(reason), flowed), expected, "{reason}");
        }
    }
}
