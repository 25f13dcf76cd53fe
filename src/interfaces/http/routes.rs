//! Every route and what it needs. The router is built from this list alone: there is no route without a rule.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, options, post};

use super::error::Problem;
use super::{App, body, broadcasts, gate, health, hls, pages, rooms, session, signalling, whep};
use crate::model::role::Verb;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: everybody may.
    Everybody,
    /// Nothing, and pages of other sites may as well, and read the answer: what acts for nobody. No login is looked at.
    EveryPage,
    /// The permission for the box as a whole.
    Node(Verb),
    /// The permission in the room that the path names.
    Room(Verb),
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
    GET get "/api/v1/session" Rule::Everybody => session::show;
    POST post "/api/v1/session" Rule::Everybody => session::sign_in;
    DELETE delete "/api/v1/session" Rule::Everybody => session::sign_out;
    GET get "/api/v1/node" Rule::Everybody => health::node;
    GET get "/api/v1/rooms" Rule::Everybody => rooms::list;
    POST post "/api/v1/rooms" Rule::Node(Verb::Administer) => rooms::create;
    GET get "/api/v1/rooms/{room}" Rule::Room(Verb::Join) => rooms::show;
    DELETE delete "/api/v1/rooms/{room}" Rule::Room(Verb::Administer) => rooms::remove;
    POST post "/api/v1/rooms/{room}/invites" Rule::Room(Verb::Invite) => rooms::invite;
    GET get "/api/v1/rooms/{room}/invites" Rule::Room(Verb::Invite) => rooms::invites;
    DELETE delete "/api/v1/rooms/{room}/invites/{invite}" Rule::Room(Verb::Invite) => rooms::revoke;
    GET get "/api/v1/rooms/{room}/still" Rule::Room(Verb::Administer) => rooms::still;
    GET get "/api/v1/rooms/{room}/ws" Rule::Room(Verb::Join) => signalling::connect;
    GET get "/api/v1/broadcasts" Rule::Everybody => broadcasts::list;
    GET get "/api/v1/broadcasts/{broadcast}" Rule::Everybody => broadcasts::show;
    GET get "/api/v1/broadcasts/{broadcast}/events" Rule::Everybody => broadcasts::events;
    GET get "/hls/{broadcast}/{*path}" Rule::Everybody => hls::object;
    POST post "/whep/{broadcast}" Rule::EveryPage => whep::create;
    OPTIONS options "/whep/{broadcast}" Rule::EveryPage => whep::options;
    DELETE delete "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::remove;
    OPTIONS options "/whep/{broadcast}/{viewer}" Rule::EveryPage => whep::options;
    GET get "/" Rule::Everybody => pages::page;
    GET get "/r/{room}" Rule::Everybody => pages::page;
    GET get "/b/{broadcast}" Rule::Everybody => pages::page;
    GET get "/assets/{*path}" Rule::Everybody => pages::asset;
}

/// Headers of every answer: nothing is loaded from elsewhere, nothing is framed, nothing is told to other sites.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Builds the router.
pub(super) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in TABLE {
        let check = from_fn_with_state((app.clone(), route.rule), gate::check);
        router = router.route(route.path, (route.handler)().layer(check));
    }
    router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn(async |request: axum::extract::Request, next: axum::middleware::Next| {
            let mut response = next.run(request).await;
            for (name, value) in HEADERS {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            response
        }))
        .layer(DefaultBodyLimit::max(body::LARGEST))
        .with_state(app)
}
