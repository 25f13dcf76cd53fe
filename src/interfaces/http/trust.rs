//! The certificate authority of the box, for devices that shall trust it.

use super::door::Visit;
use super::error::Problem;
use super::{App, answer, qr};
use crate::drivers::tls::Authority;
use crate::proto::lan::{self, Scheme};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

fn authority(app: &App) -> Result<&Authority, Problem> {
    let authority = app.doors.secure.as_ref().and_then(|(_, tls)| tls.authority());
    authority.ok_or_else(Problem::no_authority)
}

/// What the page about trust shows.
pub(super) async fn show(State(app): State<App>, visit: Visit) -> Json<answer::Trust> {
    let describe = |authority: &Authority| answer::Authority {
        name: authority.name.clone(),
        sha256: authority.fingerprint.clone(),
    };
    let secure = app.doors.secure.as_ref().map(|(at, _)| match (&app.public_url, at.port()) {
        (Some(url), _) if url.starts_with("https://") => url.clone(),
        (_, port) => lan::url(Scheme::Https, visit.name(), port),
    });
    let authority = authority(&app).ok().map(describe);
    Json(answer::Trust { authority, secure, page: page(&visit, &app) })
}

/// Where other devices find the page: at the plain door, which they can open before they trust the box.
fn page(visit: &Visit, app: &App) -> String {
    format!("{}/trust", lan::url(Scheme::Http, &visit.outward(app), app.doors.plain.port()))
}

/// The address of the page, for a phone's camera.
pub(super) async fn code(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let picture = qr::picture(&page(&visit, &app)).ok_or_else(Problem::not_found)?;
    Ok(file(picture.into_bytes(), "image/svg+xml", None))
}

/// DER, for Android, Windows and Apple.
pub(super) async fn crt(State(app): State<App>) -> Result<Response, Problem> {
    Ok(file(authority(&app)?.der.clone(), "application/x-x509-ca-cert", Some("porchlight-ca.crt")))
}

/// PEM, for Linux.
pub(super) async fn pem(State(app): State<App>) -> Result<Response, Problem> {
    Ok(file(authority(&app)?.pem.clone().into_bytes(), "application/x-pem-file", Some("porchlight-ca.pem")))
}

/// A configuration profile, for Apple's systems: Configuration Profile Reference, `com.apple.security.root`.
pub(super) async fn mobileconfig(State(app): State<App>) -> Result<Response, Problem> {
    let profile = profile(authority(&app)?);
    Ok(file(profile.into_bytes(), "application/x-apple-aspen-config", Some("porchlight-ca.mobileconfig")))
}

fn file(bytes: Vec<u8>, kind: &'static str, name: Option<&'static str>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Inline: as an attachment, iPhones would store a profile among the files instead of offering to install it.
    if let Some(name) = name.and_then(|name| HeaderValue::from_str(&format!("inline; filename=\"{name}\"")).ok()) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn profile(authority: &Authority) -> String {
    let base64: String = authority.pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let name = escaped(&authority.name);
    let (outer, inner) = (uuid(&authority.fingerprint, 0), uuid(&authority.fingerprint, 1));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadCertificateFileName</key>
      <string>porchlight-ca.crt</string>
      <key>PayloadContent</key>
      <data>{base64}</data>
      <key>PayloadDisplayName</key>
      <string>{name}</string>
      <key>PayloadIdentifier</key>
      <string>porchlight.ca.{inner}</string>
      <key>PayloadType</key>
      <string>com.apple.security.root</string>
      <key>PayloadUUID</key>
      <string>{inner}</string>
      <key>PayloadVersion</key>
      <integer>1</integer>
    </dict>
  </array>
  <key>PayloadDisplayName</key>
  <string>{name}</string>
  <key>PayloadIdentifier</key>
  <string>porchlight.ca.{outer}</string>
  <key>PayloadType</key>
  <string>Configuration</string>
  <key>PayloadUUID</key>
  <string>{outer}</string>
  <key>PayloadVersion</key>
  <integer>1</integer>
</dict>
</plist>
"#
    )
}

/// Two that belong to this authority: the same file installed twice is one profile. The bits of RFC 9562 section 5.8.
fn uuid(fingerprint: &str, which: usize) -> String {
    let digits: Vec<u8> = fingerprint.bytes().filter(|&letter| letter != b':').skip(32 * which).take(32).collect();
    let text = String::from_utf8_lossy(&digits).into_owned();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_holds_the_certificate_and_is_the_same_each_time() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n".to_owned();
        let fingerprint = (0..32u8).map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
        let authority = Authority { name: "Porchlight <Ada & Bob> 12AB".into(), der: vec![0], pem, fingerprint };
        let made = profile(&authority);
        assert_eq!(made, profile(&authority));
        assert!(made.contains("<data>AAAABBBB</data>"), "{made}");
        assert!(made.contains("<string>Porchlight &lt;Ada &amp; Bob&gt; 12AB</string>"), "{made}");
        assert!(made.contains("<string>00010203-0405-8607-8809-0A0B0C0D0E0F</string>"), "{made}");
        assert!(made.contains("<string>10111213-1415-8617-8819-1A1B1C1D1E1F</string>"), "{made}");
    }
}
