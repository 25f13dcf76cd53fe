use super::*;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn of(names: &[&str]) -> Config {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Config { names, agree_to_terms: true, ..Config::default() }
}

fn load(config: &Config) -> Result<Option<Plan>, Error> {
    Plan::load(config, &super::super::super::Config::default())
}

fn refused(config: &Config) -> Error {
    load(config).map(|plan| plan.is_some()).expect_err("it is wrong")
}

#[test]
fn nothing_is_asked_of_anybody_without_names() {
    assert!(load(&Config::default()).expect("it is right").is_none());
    let plan = load(&of(&["porch.example.org", "203.0.113.7"])).expect("it is right").expect("there are names");
    assert_eq!(plan.wanted().hosts, ["porch.example.org".to_owned()].into());
    assert_eq!(plan.wanted().addresses, ["203.0.113.7".parse().expect("an address")].into());
    assert!(!format!("{plan:?}").contains("porch"));
}

#[test]
fn what_does_not_go_together_is_one_line_with_what_to_do() {
    let off = super::super::super::Config { enabled: false, ..Default::default() };
    assert_eq!(Plan::load(&of(&["a.example"]), &off).map(drop), Err(Error::NoHttps));
    let own = super::super::super::Config { certificate: Some("/x".into()), ..Default::default() };
    assert_eq!(Plan::load(&of(&["a.example"]), &own).map(drop), Err(Error::Two));
    assert_eq!(refused(&Config { agree_to_terms: false, ..of(&["a.example"]) }), Error::Terms);
    for local in ["porch.local", "porch.lan", "192.168.1.20", "fd00::2", "127.0.0.1"] {
        assert_eq!(refused(&of(&[local])), Error::Local(local.into()));
    }
    assert_eq!(refused(&of(&["*.a.example"])), Error::Wildcard("*.a.example".into()));
    let dns = |names: &[&str]| Config { challenge: Challenge::Dns, ..of(names) };
    assert_eq!(refused(&dns(&["203.0.113.7"])), Error::Address("203.0.113.7".into()));
    assert_eq!(refused(&dns(&["a.example"])), Error::Provider);
    for error in [Error::NoHttps, Error::Terms, Error::Provider, Error::Local("a.local".into())] {
        assert!(!error.to_string().contains('\n') && error.to_string().contains("acme."), "{error}");
    }
}

#[test]
fn updates_need_a_zone_that_holds_the_names_and_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).expect("it writes");
    let right = Config {
        challenge: Challenge::Dns,
        dns_server: "127.0.0.1:5353".into(),
        dns_zone: "example.org".into(),
        dns_key_name: "porch".into(),
        dns_key: Some(file.clone()),
        ..of(&["*.porch.example.org", "example.org"])
    };
    let plan = load(&right).expect("it is right").expect("there are names");
    let Proof::Dns { provider: Provider::Update { server, key, .. }, .. } = plan.proof else { panic!("an update") };
    assert_eq!((server, key.len()), (("127.0.0.1".into(), 5353), 32));
    assert_eq!(refused(&Config { dns_key: None, ..right.clone() }), Error::Update);
    let both = Config { acme_dns: "https://a.example".into(), ..right.clone() };
    assert_eq!(refused(&both), Error::Provider);
    let elsewhere = Config { names: vec!["myexample.org".into()], ..right.clone() };
    assert_eq!(refused(&elsewhere), Error::Zone("myexample.org".into()));
    for wrong in ["", "not base64!", "c2hvcnQ="] {
        std::fs::write(&file, wrong).expect("it writes");
        assert_eq!(refused(&right), Error::Key(file.clone()), "{wrong:?}");
    }
    std::fs::remove_file(&file).expect("it goes");
    assert!(matches!(refused(&right), Error::Unreadable(_, "acme.dns_key", _)));
}

#[test]
fn an_account_of_acme_dns_is_what_it_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("account");
    let answered =
        r#"{"allowfrom":[],"fulldomain":"d.auth.example.org","password":"p","subdomain":"d","username":"u"}"#;
    std::fs::write(&file, answered).expect("it writes");
    let right = Config {
        challenge: Challenge::Dns,
        acme_dns: "https://auth.example.org".into(),
        acme_dns_account: Some(file.clone()),
        ..of(&["a.example", "*.a.example"])
    };
    assert!(load(&right).expect("it is right").is_some());
    assert_eq!(refused(&Config { acme_dns_account: None, ..right.clone() }), Error::Account);
    let many = Config { names: ["a.b", "c.d", "e.f"].map(String::from).into(), ..right.clone() };
    assert_eq!(refused(&many), Error::TooMany);
    // Another password is another attempt, and nothing of it is to be seen.
    let mark = |config: &Config| load(config).expect("it is right").expect("there are names").mark();
    let before = mark(&right);
    assert_eq!((mark(&right), before.len()), (before.clone(), 16));
    std::fs::write(&file, answered.replace("\"p\"", "\"q\"")).expect("it writes");
    assert_ne!(mark(&right), before);
    std::fs::write(&file, r#"{"username":"u"}"#).expect("it writes");
    assert_eq!(refused(&right), Error::NoAccount(file));
}

#[test]
fn texts_are_held_to_what_they_are() {
    for right in ["a.example", "*.a.example", "a-b.example.org", "203.0.113.7", "2001:db8::1", "A.EXAMPLE"] {
        let read: Config = serde_json::from_value(serde_json::json!({ "names": [right] })).expect(right);
        assert_eq!(read.names, [right.to_ascii_lowercase()]);
    }
    for wrong in [
        "",
        "a",
        "*",
        "*.a",
        "*.*.a.example",
        "a..example",
        "-a.example",
        "a_b.example",
        "a.example:443",
        "http://a.example",
    ] {
        let read = serde_json::from_value::<Config>(serde_json::json!({ "names": [wrong] }));
        assert!(read.is_err(), "{wrong}");
    }
    let twice = serde_json::from_value::<Config>(serde_json::json!({ "names": ["a.b", "A.b"] }));
    assert!(twice.expect_err("one is enough").to_string().contains("twice"));
    for (key, right, wrong) in [
        ("directory", "https://ca.home.arpa/acme/acme/directory", "http://ca.example/directory"),
        ("contact", "ada@example.org", "mailto:ada"),
        ("challenge", "dns-01", "tls-alpn-01"),
        ("dns_server", "[2001:db8::53]:53", "ns.example.org:0"),
        ("dns_zone", "example.org.", "example org"),
        ("acme_dns", "http://10.0.0.5:8080", "auth.example.org"),
        ("dns_key", "/etc/porchlight/key", "key"),
        ("dns_wait", "30s", "1h"),
    ] {
        let read = |text: &str| serde_json::from_value::<Config>(serde_json::json!({ key: text }));
        assert!(read(right).is_ok(), "{key}: {right}");
        assert!(read(wrong).is_err(), "{key}: {wrong}");
    }
}

#[test]
fn a_name_server_has_a_port() {
    for (text, expected) in [
        ("ns.example.org", Some(("ns.example.org", 53))),
        ("192.0.2.53:5353", Some(("192.0.2.53", 5353))),
        ("2001:db8::53", Some(("2001:db8::53", 53))),
        ("[2001:db8::53]:5353", Some(("2001:db8::53", 5353))),
        ("localhost:5353", Some(("localhost", 5353))),
        ("", None),
        ("a b", None),
        ("a:b", None),
    ] {
        assert_eq!(host_and_port(text), expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
    }
}
