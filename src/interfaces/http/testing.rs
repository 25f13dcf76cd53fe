//! Doors to what reads requests, for `crate::testing`.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{chat, frames, gate, projection, session, signalling, whep};

/// Reads the headers that decide who may do what, each line `name: value`.
pub(crate) fn headers(lines: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some(login) = gate::cookie(&headers, gate::COOKIE) {
        assert!(!login.contains(';'), "a login ends where its cookie does");
    }
    let origin = headers.get("origin").and_then(|origin| origin.to_str().ok());
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    if let (true, Some(origin)) = (gate::own_origin(&headers), origin) {
        assert!(host.is_some_and(|host| origin.ends_with(&format!("://{host}"))), "{origin} is not {host:?}");
    }
    let _ = (whep::is("application/sdp", &headers), whep::takes_sdp(&headers), whep::meant(&headers));
}

/// Reads a message of the room's WebSocket, or of its lobby's, which has one request.
pub(crate) fn message(text: &str) {
    if let Some((op, right)) = frames::read(text) {
        assert!(!right || op == "knock" || signalling::OPS.iter().any(|(known, _)| *known == op), "{op} is no request");
    }
}

/// Reads a message of a chat's WebSocket.
pub(crate) fn chat(text: &str) {
    let Ok(frame) = serde_json::from_str::<frames::Frame>(text) else { return };
    if chat::read(&frame.op, frame.fields) {
        assert!(chat::OPS.iter().any(|(known, _)| *known == frame.op), "{} is no request", frame.op);
    }
}

/// Reads the body of a sign-in.
pub(crate) fn sign_in(body: &[u8]) {
    let _ = serde_json::from_slice::<session::SignIn>(body);
}

/// Makes a patch from one state to another, as far as there is one.
pub(crate) fn patch(from: &Value, to: &Value) -> Option<Value> {
    projection::patch(from, to)
}
