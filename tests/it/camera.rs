//! What the owner adjusts on the box's camera: by the API and on the page, kept over a restart.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::has;
use super::fixture::visitor::{Visitor, problem};

async fn report(owner: &Visitor) -> Value {
    owner.get("/api/v1/camera").await.json().await.unwrap()
}

async fn put(owner: &Visitor, path: &str, body: Option<Value>) -> reqwest::Response {
    let mut request = owner.request(Method::PUT, path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn part_and_presets_are_kept_over_a_restart_and_what_does_not_do_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let fresh = report(&owner).await;
    assert_eq!(
        (&fresh["kind"], &fresh["open"], &fresh["aim"]["zoom"]),
        (&"stand-in".into(), &false.into(), &100.into())
    );

    let close = json!({ "zoom": 250, "pan": -40, "tilt": 10 });
    assert_eq!(put(&owner, "/api/v1/camera/aim", Some(close.clone())).await.status(), 204);
    for wrong in [json!({ "zoom": 99, "pan": 0, "tilt": 0 }), json!({ "zoom": 100 }), json!({})] {
        assert_eq!(problem(put(&owner, "/api/v1/camera/aim", Some(wrong)).await).await, "bad-body");
    }
    for n in 0..8 {
        assert_eq!(put(&owner, &format!("/api/v1/camera/presets/Gro%C3%9Fes%20Sofa%20{n}"), None).await.status(), 200);
    }
    assert_eq!(problem(put(&owner, "/api/v1/camera/presets/Hall", None).await).await, "too-many-presets");
    assert_eq!(problem(put(&owner, "/api/v1/camera/presets/%0A", None).await).await, "bad-name");
    for n in 1..8 {
        assert_eq!(owner.delete(&format!("/api/v1/camera/presets/Gro%C3%9Fes%20Sofa%20{n}")).await.status(), 200);
    }
    assert_eq!(problem(owner.delete("/api/v1/camera/presets/Hall").await).await, "no-preset");
    let set = owner.request(Method::PATCH, "/api/v1/camera/controls").json(&json!({ "id": 9963776, "value": 1 }));
    assert_eq!(problem(set.send().await.unwrap()).await, "no-controls");

    assert!(daemon.stop().success());
    let daemon = Daemon::start(&state);
    let owner = Visitor::new(&daemon).with(Some(owner.secret()));
    let again = report(&owner).await;
    assert_eq!(again["aim"], close);
    assert_eq!(again["presets"], json!([{ "name": "Großes Sofa 0", "aim": close }]));
}

#[tokio::test]
async fn the_page_aims_the_camera_by_keyboard_and_keeps_presets() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true")]);
    let browser = Browser::start().await;
    let page = browser.open("Ada", None).await;
    page.goto(&daemon.owner_link).await;
    page.wait_for("document.querySelector('[data-testid=camera]')", "home of the owner").await;
    page.click("camera").await;
    page.wait_for("document.querySelector('[data-testid=aim-zoom]')", "page of the camera").await;
    assert_eq!(page.eval("return document.querySelector('[data-testid=aim-pan]').disabled").await, true);

    // As the arrow keys do it: the value changes, and the page hears of it.
    let slide = |testid: &str, value: i32| {
        format!(
            "const slider = document.querySelector('[data-testid={testid}]'); slider.focus(); slider.value = {value}; \
             slider.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        )
    };
    for value in [120, 150, 200] {
        page.eval(&slide("aim-zoom", value)).await;
    }
    page.eval(&slide("aim-pan", 50)).await;
    let aimed = "fetch('/api/v1/camera').then(r => r.json()).then(c => c.aim.zoom === 200 && c.aim.pan === 50)";
    page.wait_for(aimed, "the newest of what was chosen").await;

    page.fill("preset-name", "Sofa").await;
    page.click("preset-keep").await;
    page.wait_for("document.querySelector('[data-testid=preset]')?.textContent === 'Sofa'", "the preset").await;
    page.click("aim-whole").await;
    let zoom = |value: i32| format!("fetch('/api/v1/camera').then(r => r.json()).then(c => c.aim.zoom === {value})");
    page.wait_for(&zoom(100), "the whole picture").await;
    page.click("preset").await;
    page.wait_for(&zoom(200), "the preset's part").await;
    let part = page.eval("return document.querySelector('[data-testid=aim-part]').style.width").await;
    assert_eq!(part, "50%");
    assert_eq!(page.errors().await, Vec::<String>::new());
}
