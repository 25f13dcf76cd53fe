//! Every route and what it needs. The router is built from this list alone: there is no route without a rule.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, options, patch, post, put};

use super::error::Problem;
use super::{
    App, account, body, broadcasts, camera, certificate, chat, dash, devices, door, gate, guest, health, hls, lobby,
    network, openapi, pages, people, privacy, pushes, reachability, recordings, requests, rooms, screen, session,
    settings, signalling, sound, statistics, studio, telephone, trust, update, whep,
};
use crate::model::role::Verb;
use crate::services::program::logo;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: everybody may.
    Everybody,
    /// Nothing, and pages of other sites may as well, and read the answer: what acts for nobody. No login is looked at.
    EveryPage,
    /// That the box knows who it is.
    Known,
    /// The permission for the box as a whole.
    Node(Verb),
    /// As `Node`, and whoever has come by the box's own network, whose password its screen shows, may as well.
    NodeOrHere(Verb),
    /// The permission in the room that the path names.
    Room(Verb),
    /// As `Room`, and a guest's token, which the page sends itself, does as well: with it, pages of other sites may. Their
    /// cookies do not count.
    RoomByToken(Verb),
    /// To be in the room that the path names, or to wait to be let into it; a guest's token does as well.
    Lobby,
}

/// One route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// What it needs.
    pub rule: Rule,
    handler: fn() -> MethodRouter<App>,
}

macro_rules! routes {
    ($($method:ident $verb:ident $path:literal $rule:expr => $handler:expr;)*) => {
        /// All of them.
        pub const TABLE: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            rule: $rule,
            handler: || $verb($handler),
        }),*];
    };
}

routes! {
    GET get "/healthz" Rule::Everybody => health::healthz;
    GET get "/readyz" Rule::Everybody => health::readyz;
    GET get "/api/openapi.json" Rule::EveryPage => openapi::document;
    GET get "/api/v1/session" Rule::Everybody => session::show;
    POST post "/api/v1/session" Rule::Everybody => session::sign_in;
    DELETE delete "/api/v1/session" Rule::Everybody => session::sign_out;
    POST post "/api/v1/guest" Rule::EveryPage => guest::enter;
    GET get "/api/v1/guest" Rule::EveryPage => guest::show;
    DELETE delete "/api/v1/guest" Rule::EveryPage => guest::leave;
    OPTIONS options "/api/v1/guest" Rule::EveryPage => guest::options;
    GET get "/api/v1/node" Rule::Everybody => health::node;
    PATCH patch "/api/v1/node" Rule::Node(Verb::Administer) => health::rename;
    POST post "/api/v1/node/restart" Rule::Node(Verb::Administer) => settings::restart;
    POST post "/api/v1/node/factory-reset" Rule::Node(Verb::Administer) => settings::reset;
    GET get "/api/v1/settings" Rule::Node(Verb::Administer) => settings::show;
    PATCH patch "/api/v1/settings" Rule::Node(Verb::Administer) => settings::choose;
    POST post "/api/v1/settings/keep" Rule::Node(Verb::Administer) => settings::keep;
    POST post "/api/v1/settings/revert" Rule::Node(Verb::Administer) => settings::take_back;
    GET get "/api/v1/network" Rule::NodeOrHere(Verb::Administer) => network::show;
    POST post "/api/v1/network/join" Rule::NodeOrHere(Verb::Administer) => network::join;
    POST post "/api/v1/network/forget" Rule::Node(Verb::Administer) => network::forget;
    GET get "/api/v1/update" Rule::Node(Verb::Administer) => update::show;
    POST post "/api/v1/update" Rule::Node(Verb::Administer) => update::fetch;
    PUT put "/api/v1/update/bundle" Rule::Node(Verb::Administer) => update::upload;
    POST post "/api/v1/update/restart" Rule::Node(Verb::Administer) => update::restart;
    GET get "/api/v1/mqtt" Rule::Node(Verb::Administer) => settings::broker;
    GET get "/api/v1/statistics" Rule::Node(Verb::Administer) => statistics::show;
    GET get "/api/v1/telephone" Rule::Node(Verb::Administer) => telephone::show;
    GET get "/api/v1/telephone/events" Rule::Node(Verb::Administer) => telephone::events;
    POST post "/api/v1/telephone/answer" Rule::Node(Verb::Administer) => telephone::answer;
    POST post "/api/v1/telephone/decline" Rule::Node(Verb::Administer) => telephone::decline;
    POST post "/api/v1/telephone/hang-up" Rule::Node(Verb::Administer) => telephone::hang_up;
    PUT put "/api/v1/telephone/settings" Rule::Node(Verb::Administer) => telephone::choose;
    DELETE delete "/api/v1/telephone/calls" Rule::Node(Verb::Administer) => telephone::forget;
    GET get "/api/v1/privacy" Rule::Node(Verb::Administer) => privacy::show;
    POST post "/api/v1/privacy" Rule::Node(Verb::Administer) => privacy::close;
    POST post "/api/v1/privacy/code" Rule::Node(Verb::Administer) => privacy::ask;
    POST post "/api/v1/privacy/open" Rule::Node(Verb::Administer) => privacy::open;
    GET get "/api/v1/certificate" Rule::Node(Verb::Administer) => certificate::show;
    POST post "/api/v1/certificate/renew" Rule::Node(Verb::Administer) => certificate::renew;
    POST post "/api/v1/reachability" Rule::Node(Verb::Administer) => reachability::check;
    GET get "/api/v1/devices" Rule::Node(Verb::Administer) => devices::report;
    GET get "/api/v1/camera" Rule::Node(Verb::Administer) => camera::show;
    PATCH patch "/api/v1/camera/controls" Rule::Node(Verb::Administer) => camera::set;
    DELETE delete "/api/v1/camera/controls" Rule::Node(Verb::Administer) => camera::reset;
    PUT put "/api/v1/camera/aim" Rule::Node(Verb::Administer) => camera::aim;
    PUT put "/api/v1/camera/presets/{preset}" Rule::Node(Verb::Administer) => camera::keep;
    DELETE delete "/api/v1/camera/presets/{preset}" Rule::Node(Verb::Administer) => camera::forget;
    GET get "/api/v1/screen" Rule::Node(Verb::Administer) => screen::show;
    PUT put "/api/v1/screen" Rule::Node(Verb::Administer) => screen::change;
    GET get "/api/v1/sound" Rule::Node(Verb::Administer) => sound::show;
    PATCH patch "/api/v1/sound" Rule::Node(Verb::Administer) => sound::change;
    POST post "/api/v1/sound/test" Rule::Node(Verb::Administer) => sound::test;
    GET get "/api/v1/recordings" Rule::Node(Verb::Administer) => recordings::list;
    PATCH patch "/api/v1/recordings/{recording}" Rule::Node(Verb::Administer) => recordings::change;
    DELETE delete "/api/v1/recordings/{recording}" Rule::Node(Verb::Administer) => recordings::remove;
    POST post "/api/v1/recordings/{recording}/restore" Rule::Node(Verb::Administer) => recordings::restore;
    POST post "/api/v1/recordings/{recording}/trim" Rule::Node(Verb::Administer) => recordings::trim;
    GET get "/api/v1/recordings/{recording}/video" Rule::Node(Verb::Administer) => recordings::video;
    GET get "/api/v1/logo" Rule::Node(Verb::Administer) => studio::logo;
    PUT put "/api/v1/logo" Rule::Node(Verb::Administer) => studio::set_logo.layer(DefaultBodyLimit::max(logo::LARGEST));
    DELETE delete "/api/v1/logo" Rule::Node(Verb::Administer) => studio::remove_logo;
    POST post "/api/v1/session/passkey" Rule::Everybody => account::ask_passkey;
    POST post "/api/v1/session/wallet" Rule::Everybody => account::nonce;
    GET get "/api/v1/identity" Rule::Known => account::show;
    PATCH patch "/api/v1/identity" Rule::Known => account::change;
    DELETE delete "/api/v1/identity/devices/{device}" Rule::Known => account::end;
    POST post "/api/v1/identity/code" Rule::Known => account::own_code;
    POST post "/api/v1/identity/recovery" Rule::Known => account::recovery;
    POST post "/api/v1/identity/passkey" Rule::Known => account::start_passkey;
    POST post "/api/v1/identity/passkeys" Rule::Known => account::add_passkey;
    POST post "/api/v1/identity/wallets" Rule::Known => account::add_wallet;
    DELETE delete "/api/v1/identity/credentials/{credential}" Rule::Known => account::remove;
    GET get "/api/v1/identities" Rule::Node(Verb::Administer) => people::identities;
    POST post "/api/v1/identities" Rule::Node(Verb::Administer) => people::add;
    PATCH patch "/api/v1/identities/{identity}" Rule::Node(Verb::Administer) => people::change;
    DELETE delete "/api/v1/identities/{identity}" Rule::Node(Verb::Administer) => people::forget;
    POST post "/api/v1/identities/{identity}/code" Rule::Node(Verb::Administer) => account::code_of;
    GET get "/api/v1/audit" Rule::Node(Verb::Administer) => people::audited;
    GET get "/api/v1/rooms" Rule::Everybody => rooms::list;
    POST post "/api/v1/rooms" Rule::Node(Verb::Administer) => rooms::create;
    GET get "/api/v1/rooms/{room}" Rule::Room(Verb::Join) => rooms::show;
    DELETE delete "/api/v1/rooms/{room}" Rule::Room(Verb::Administer) => rooms::remove;
    POST post "/api/v1/rooms/{room}/invites" Rule::Room(Verb::Invite) => rooms::invite;
    GET get "/api/v1/rooms/{room}/invites" Rule::Room(Verb::Invite) => rooms::invites;
    DELETE delete "/api/v1/rooms/{room}/invites/{invite}" Rule::Room(Verb::Invite) => rooms::revoke;
    GET get "/api/v1/rooms/{room}/members" Rule::Room(Verb::Moderate) => people::members;
    PATCH patch "/api/v1/rooms/{room}/members/{subject}" Rule::Room(Verb::Moderate) => people::place;
    DELETE delete "/api/v1/rooms/{room}/members/{subject}" Rule::Room(Verb::Moderate) => people::put_out;
    GET get "/api/v1/rooms/{room}/rules" Rule::Room(Verb::Moderate) => people::rules;
    PUT put "/api/v1/rooms/{room}/rules" Rule::Room(Verb::Administer) => people::set_rules;
    GET get "/api/v1/rooms/{room}/audit" Rule::Room(Verb::Moderate) => people::audited_of;
    GET get "/api/v1/rooms/{room}/studio" Rule::Room(Verb::Produce) => studio::show;
    PATCH patch "/api/v1/rooms/{room}/studio" Rule::Room(Verb::Produce) => studio::change;
    POST post "/api/v1/rooms/{room}/live" Rule::Room(Verb::Broadcast) => studio::go_live;
    DELETE delete "/api/v1/rooms/{room}/live" Rule::Room(Verb::Broadcast) => studio::end_live;
    GET get "/api/v1/rooms/{room}/still" Rule::Room(Verb::Administer) => rooms::still;
    GET get "/api/v1/rooms/{room}/pushes" Rule::Node(Verb::Administer) => pushes::list;
    POST post "/api/v1/rooms/{room}/pushes" Rule::Node(Verb::Administer) => pushes::create;
    PATCH patch "/api/v1/rooms/{room}/pushes/{push}" Rule::Node(Verb::Administer) => pushes::change;
    DELETE delete "/api/v1/rooms/{room}/pushes/{push}" Rule::Node(Verb::Administer) => pushes::remove;
    GET get "/api/v1/rooms/{room}/ws" Rule::RoomByToken(Verb::Join) => signalling::connect;
    GET get "/api/v1/rooms/{room}/lobby" Rule::Lobby => lobby::connect;
    GET get "/api/v1/rooms/{room}/chat" Rule::RoomByToken(Verb::Join) => chat::room;
    POST post "/api/v1/rooms/{room}/chat/search" Rule::Room(Verb::Moderate) => chat::search;
    GET get "/api/v1/broadcasts/{broadcast}/chat" Rule::Everybody => chat::broadcast;
    GET get "/api/v1/broadcasts" Rule::Everybody => broadcasts::list;
    GET get "/api/v1/broadcasts/{broadcast}" Rule::EveryPage => broadcasts::show;
    GET get "/api/v1/broadcasts/{broadcast}/video" Rule::EveryPage => broadcasts::video;
    GET get "/api/v1/broadcasts/{broadcast}/thumbnail.jpg" Rule::EveryPage => broadcasts::thumbnail;
    GET get "/api/v1/broadcasts/{broadcast}/events" Rule::EveryPage => broadcasts::events;
    GET get "/hls/{broadcast}/{*path}" Rule::EveryPage => hls::object;
    GET get "/dash/time" Rule::EveryPage => dash::time;
    GET get "/dash/{broadcast}/manifest.mpd" Rule::EveryPage => dash::manifest;
    POST post "/whep/{broadcast}" Rule::EveryPage => whep::create;
    GET get "/whep/{broadcast}" Rule::EveryPage => whep::nothing;
    OPTIONS options "/whep/{broadcast}" Rule::EveryPage => whep::options;
    GET get "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::nothing;
    PATCH patch "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::change;
    DELETE delete "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::remove;
    OPTIONS options "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::options;
    GET get "/" Rule::Everybody => pages::page;
    GET get "/r/{room}" Rule::Everybody => pages::page;
    GET get "/b/{broadcast}" Rule::Everybody => pages::page;
    GET get "/sign-in" Rule::Everybody => pages::page;
    GET get "/me" Rule::Everybody => pages::page;
    GET get "/people" Rule::Everybody => pages::page;
    GET get "/people/{room}" Rule::Everybody => pages::page;
    GET get "/audit" Rule::Everybody => pages::page;
    GET get "/settings" Rule::Everybody => pages::page;
    GET get "/network" Rule::Everybody => pages::page;
    GET get "/update" Rule::Everybody => pages::page;
    GET get "/setup" Rule::Everybody => pages::page;
    GET get "/stats" Rule::Everybody => pages::page;
    GET get "/reachability" Rule::Everybody => pages::page;
    GET get "/camera" Rule::Everybody => pages::page;
    GET get "/devices" Rule::Everybody => pages::page;
    GET get "/recordings" Rule::Everybody => pages::page;
    GET get "/pushes/{room}" Rule::Everybody => pages::page;
    GET get "/studio/{room}" Rule::Everybody => pages::page;
    GET get "/embed/b/{broadcast}" Rule::EveryPage => pages::embed;
    GET get "/sdk/{*path}" Rule::EveryPage => pages::sdk;
    GET get "/trust" Rule::Everybody => pages::page;
    GET get "/trust.svg" Rule::Everybody => trust::code;
    GET get "/api/v1/trust" Rule::Everybody => trust::show;
    GET get "/ca.crt" Rule::Everybody => trust::crt;
    GET get "/ca.pem" Rule::Everybody => trust::pem;
    GET get "/ca.mobileconfig" Rule::Everybody => trust::mobileconfig;
    GET get "/.well-known/acme-challenge/{token}" Rule::Everybody => certificate::proof;
    GET get "/assets/{*path}" Rule::Everybody => pages::asset;
}

/// What comes to this path is as long as its handler takes it; everything else is small.
pub(super) const LONG: &str = "/api/v1/update/bundle";

/// Headers of every answer that does not set its own: nothing is loaded from elsewhere, nothing is framed, nothing is
/// told to other sites.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Builds the router.
pub(super) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in TABLE {
        let check = from_fn_with_state((app.clone(), route.rule), gate::check);
        router = router.route(route.path, (route.handler)().layer(check));
    }
    router
        .fallback(pages::lost)
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(app.clone(), door::check))
        .layer(from_fn(async |request: axum::extract::Request, next: axum::middleware::Next| {
            let mut response = next.run(request).await;
            for (name, value) in HEADERS {
                response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
            }
            response
        }))
        .layer(from_fn_with_state(app.clone(), requests::identify))
        .layer(DefaultBodyLimit::max(body::LARGEST))
        .with_state(app)
}
