//! OPTIONS of ours: whether a server is there (RFC 3261 §11).

use bellbird_base::{Duration, FlowInfo, Instant, Protocol, Remote, Seed};
use bellbird_sip::agent::{
    AccountConfig, Config, Event, FlowEnd, Input, OptionsEnd, Output, ResolveFailure, UserAgent,
};
use bellbird_sip::message::{Message, Response};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

/// What the asked server does.
#[derive(Clone, Copy)]
enum Server {
    Answers(u16),
    Silent,
    Refuses,
}

/// Asks a trunk's server; gives what came of it, and after how long.
fn ask(target: &str, server: Server) -> (OptionsEnd, Duration) {
    let mut now = Instant::ORIGIN;
    let mut ua = UserAgent::new(Config::server(), Seed::from_number(1), now);
    let account = ua.add_account(now, AccountConfig::local(Uri::parse("sip:example.test").unwrap()));
    let asked = ua.ask_options(now, account, &Uri::parse(target).unwrap()).unwrap();
    loop {
        match ua.poll_output() {
            Output::Connect(flow, remote) => {
                let info = FlowInfo {
                    protocol: Protocol::Udp,
                    local: "10.0.0.2:5060".parse().unwrap(),
                    remote: remote.address,
                };
                ua.handle_input(match server {
                    Server::Refuses => Input::FlowClosed(now, flow, FlowEnd::Refused),
                    Server::Answers(_) | Server::Silent => Input::FlowOpened(now, flow, info),
                });
            }
            Output::Transmit(transmit) => {
                let request = Message::parse(&transmit.payload).unwrap();
                assert_eq!(request.method().as_str(), "OPTIONS");
                if let Server::Answers(status) = server {
                    let response = Response::answering(&request, StatusCode::new(status).unwrap(), "b");
                    ua.handle_input(Input::Receive(now, transmit.flow, &response.to_bytes()));
                }
            }
            Output::Event(Event::Options(id, end)) => {
                assert_eq!(id, asked);
                return (end, now.since(Instant::ORIGIN));
            }
            Output::Resolve(id, question) => {
                let remote = format!("{}:5060", question.host).parse().map(|address| Remote {
                    protocol: Protocol::Udp,
                    address,
                    server_name: question.host.clone(),
                    path: String::new(),
                });
                // A name is not known to anybody here.
                let found = remote.map(|remote| vec![remote]).map_err(|_| ResolveFailure::NotFound);
                ua.handle_input(Input::Resolved(now, id, found));
            }
            Output::Event(_) | Output::Close(_) => {}
            Output::Timeout(at, _) => {
                assert_ne!(at, Instant::FAR_FUTURE);
                now = at;
                ua.handle_input(Input::Timeout(now));
            }
        }
    }
}

#[test]
fn whatever_is_answered_shows_that_somebody_is_there() {
    for status in [200, 404, 401, 503] {
        let (end, after) = ask("sip:10.0.1.1:5060", Server::Answers(status));
        assert!(matches!(end, OptionsEnd::Answered(got, _) if got.code() == status), "{end:?}");
        assert_eq!(after, Duration::ZERO);
    }
}

#[test]
fn a_server_that_is_silent_refuses_or_is_unknown_is_told_apart() {
    assert_eq!(ask("sip:10.0.1.1:5060", Server::Silent), (OptionsEnd::NoAnswer, Duration::from_secs(32)));
    assert_eq!(ask("sip:10.0.1.1:5060", Server::Refuses).0, OptionsEnd::Connection(FlowEnd::Refused));
    assert_eq!(ask("sip:trunk.invalid", Server::Silent).0, OptionsEnd::Resolve(ResolveFailure::NotFound));
}
