//! A camera on the network: a server of a few lines, which sends H.264 in the connection that it is asked by (RFC 7826 section 14).

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::proto::rtp::Packetizer;

/// Picture and sound; the sound is never sent.
const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:picture\r\n\
    m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:0 PCMU/8000\r\na=control:sound\r\n";

/// A packet as it is on the wire, in the first channel of the connection.
fn interleaved(packet: &crate::model::packet::Packet) -> Vec<u8> {
    let mut rtp = vec![0x80, 96 | u8::from(packet.marker) << 7];
    rtp.extend_from_slice(&(packet.seq as u16).to_be_bytes());
    rtp.extend_from_slice(&(packet.rtp_time as u32).to_be_bytes());
    rtp.extend_from_slice(&0x1234_5678u32.to_be_bytes());
    rtp.extend_from_slice(&packet.payload);
    let mut out = vec![b'$', 0];
    out.extend_from_slice(&(rtp.len() as u16).to_be_bytes());
    out.extend(rtp);
    out
}

/// Answers what is asked, sends the pictures in real time after `PLAY`, hangs up, and gives all that was asked.
fn serve(mut stream: TcpStream, pictures: Vec<Vec<u8>>) -> Vec<String> {
    let (mut asked, mut buffer, mut playing) = (Vec::new(), Vec::new(), false);
    let mut pictures = pictures.into_iter();
    loop {
        let wait = Duration::from_millis(if playing { 66 } else { 10_000 });
        stream.set_read_timeout(Some(wait)).expect("it can wait");
        let mut bytes = [0; 2048];
        match stream.read(&mut bytes) {
            Ok(0) => return asked,
            Ok(count) => buffer.extend_from_slice(&bytes[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let Some(picture) = pictures.next() else { return asked };
                stream.write_all(&picture).expect("it is read");
            }
            Err(_) => return asked,
        }
        // The other side's reports begin with `$`.
        while let Some(length) = buffer
            .first()
            .filter(|byte| **byte == b'$')
            .and(buffer.get(3))
            .map(|low| 4 + (usize::from(buffer[2]) << 8 | usize::from(*low)))
        {
            buffer.drain(..length.min(buffer.len()));
        }
        while let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let request = String::from_utf8(buffer.drain(..end + 4).collect()).expect("requests are text");
            let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let number = header("CSeq:").expect("requests are numbered");
            let more = match request.split(' ').next() {
                Some("DESCRIBE") if header("Authorization:").is_none() => None,
                Some("DESCRIBE") => {
                    Some(format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}", SDP.len()))
                }
                Some("SETUP") => Some("Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n".into()),
                Some("PLAY") => {
                    playing = true;
                    Some("Session: 7\r\n\r\n".into())
                }
                _ => Some("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n".into()),
            };
            let answer = match more {
                Some(more) => format!("RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}"),
                None => format!(
                    "RTSP/1.0 401 Unauthorized\r\nCSeq: {number}\r\nWWW-Authenticate: Basic realm=\"camera\"\r\n\r\n"
                ),
            };
            asked.push(request);
            stream.write_all(answer.as_bytes()).expect("it is read");
        }
    }
}

#[tokio::test]
async fn a_network_camera_is_asked_for_its_picture_alone_and_its_end_is_told() {
    let units =
        encoded(encoder(640, 360, H264Encoder::X264), MediaTime::ZERO, 45, |_, x, y| halves(0, 640)(x, y)).await;
    let mut packetizer = Packetizer::new(Codec::H264).expect("it is a codec of pictures");
    let pictures = units.iter().map(|unit| {
        let mut packets = Vec::new();
        packetizer.push(unit, &mut packets);
        packets.iter().flat_map(interleaved).collect()
    });
    let pictures: Vec<Vec<u8>> = pictures.collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("rtsp://{}/stream", listener.local_addr().expect("it has an address"));
    let server = std::thread::spawn(move || serve(listener.accept().expect("somebody comes").0, pictures));

    let login = Some(("ada".to_owned(), "secret".to_owned()));
    let spec = CameraSpec {
        source: CameraSource::Rtsp(RtspSource { url, login }),
        width: 320,
        height: 180,
        fps: 30,
        caption: String::new(),
        aim: Aim::WHOLE,
    };
    let (sender, mut pictures) = mpsc::channel(8);
    let line = timeline();
    let (mut running, lens) = camera(&Counters::default(), spec, line, sender).expect("installed");
    let mut times = Vec::new();
    for n in 0..20 {
        let picture = within(pictures.recv()).await.expect("it sends more than these");
        assert_eq!((picture.width, picture.height), (320, 180));
        let late = line.media(Instant::now()).since(picture.time);
        assert!((-1_000_000_000..2_000_000_000).contains(&late), "it is of about now: {late} ns");
        times.push(picture.time);
        let (left, right) = (luma(&picture, 40, 90), luma(&picture, 280, 90));
        if n < 3 {
            assert!(left < 60 && right > 100, "{left} {right}");
        }
        // Some are on their way when it is turned to the right.
        match n {
            3 => lens.aim(Aim::new(200, 100, 0).expect("in range")),
            15.. => assert!(left > 100 && right > 100, "{left} {right}"),
            _ => {}
        }
    }
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    while within(pictures.recv()).await.is_some() {}
    loop {
        match within(running.event()).await {
            Event::Started => {}
            event => break assert!(matches!(event, Event::Failed { .. }), "{event:?}"),
        }
    }
    let asked = server.join().expect("the server has ended");
    let setups: Vec<_> = asked.iter().filter(|request| request.starts_with("SETUP")).collect();
    assert!(setups.len() == 1 && setups[0].contains("/picture"), "{setups:?}");
    assert!(asked.iter().any(|request| request.contains("Authorization: Basic")), "{asked:?}");
}
