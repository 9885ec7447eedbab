//! RFC 3263 §4.3: the next server is tried where one does not do.

use bellbird_base::{Duration, FlowInfo, Instant, Protocol, Remote, Seed};
use bellbird_sip::agent::{
    AccountConfig, Body, CallEvent, Config, EndReason, Event, FlowEnd, Input, Invite, Output, ResolveFailure, UserAgent,
};
use bellbird_sip::message::{Message, Response};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

/// What one of the servers does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Silent,
    Refuses,
    Unavailable,
    Answers,
}

/// Calls over these servers; gives how long the answer took, or why there was none.
fn call(servers: &[Server], protocol: Protocol) -> Result<Duration, EndReason> {
    let (outcome, took) = outcome(servers, protocol, false);
    outcome.map(|()| took)
}

/// Calls over these servers; gives what came of it, and when.
fn outcome(servers: &[Server], protocol: Protocol, has_alternative: bool) -> (Result<(), EndReason>, Duration) {
    BRANCHES.with_borrow_mut(Vec::clear);
    let mut now = Instant::ORIGIN;
    let mut ua = UserAgent::new(Config::default(), Seed::from_number(1), now);
    let account = ua.add_account(now, AccountConfig::local(Uri::parse("sip:alice@10.0.0.2").unwrap()));
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let invite = Invite { has_alternative, ..Invite::new(target, Some(Body::sdp("v=0"))) };
    ua.invite(now, account, invite).unwrap();
    loop {
        match ua.poll_output() {
            Output::Resolve(id, question) => {
                let remotes = servers.iter().enumerate().map(|(number, _)| Remote {
                    protocol,
                    address: format!("10.0.1.{number}:5060").parse().unwrap(),
                    server_name: question.host.clone(),
                    path: String::new(),
                });
                let result = if servers.is_empty() { Err(ResolveFailure::NotFound) } else { Ok(remotes.collect()) };
                ua.handle_input(Input::Resolved(now, id, result));
            }
            Output::Connect(flow, remote) => {
                let server = servers[usize::from(number_of(&remote))];
                let info = FlowInfo { protocol, local: "10.0.0.2:5060".parse().unwrap(), remote: remote.address };
                match (server, protocol) {
                    (Server::Refuses, _) => ua.handle_input(Input::FlowClosed(now, flow, FlowEnd::Refused)),
                    (Server::Silent, Protocol::Tcp) => {}
                    (_, _) => ua.handle_input(Input::FlowOpened(now, flow, info)),
                }
            }
            Output::Transmit(transmit) => {
                let Ok(request) = Message::parse(&transmit.payload) else { continue };
                let via = request.via().branch().unwrap().to_owned();
                let server = servers[usize::from(open_server(&via, &transmit.payload, servers, protocol))];
                let status = match server {
                    Server::Silent | Server::Refuses => continue,
                    Server::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                    Server::Answers => StatusCode::OK,
                };
                if request.method().as_str() != "INVITE" {
                    continue;
                }
                let mut response = Response::answering(&request, status, "b");
                response.headers.push(bellbird_sip::message::HeaderName::Contact, "<sip:bob@10.0.1.9>");
                response.set_body(Some(&Body::sdp("v=0")));
                ua.handle_input(Input::Receive(now, transmit.flow, &response.to_bytes()));
            }
            Output::Event(Event::Call(_, CallEvent::Established)) => return (Ok(()), now.since(Instant::ORIGIN)),
            Output::Event(Event::Call(_, CallEvent::Ended(end))) => {
                return (Err(end.reason), now.since(Instant::ORIGIN));
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

fn number_of(remote: &Remote) -> u8 {
    match remote.address.ip() {
        std::net::IpAddr::V4(ip) => ip.octets()[3],
        std::net::IpAddr::V6(_) => 0,
    }
}

thread_local! {
    /// Which server each branch went to: they are tried in order.
    static BRANCHES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Requests go to servers in order, a new branch for each one that can be reached.
fn open_server(branch: &str, payload: &[u8], servers: &[Server], protocol: Protocol) -> u8 {
    if !payload.starts_with(b"INVITE") {
        return 0;
    }
    BRANCHES.with_borrow_mut(|branches| {
        if !branches.iter().any(|known| known == branch) {
            branches.push(branch.to_owned());
        }
        let nth = branches.iter().position(|known| known == branch).unwrap();
        let opens = |server: Server| match server {
            Server::Refuses => false,
            Server::Silent => protocol == Protocol::Udp,
            Server::Unavailable | Server::Answers => true,
        };
        let reached = servers.iter().enumerate().filter(|(_, server)| opens(**server));
        u8::try_from(reached.map(|(number, _)| number).nth(nth).unwrap()).unwrap()
    })
}

#[test]
fn server_that_refuses_the_connection_is_passed_over_at_once() {
    assert_eq!(call(&[Server::Refuses, Server::Answers], Protocol::Tcp), Ok(Duration::ZERO));
}

#[test]
fn server_that_is_unavailable_is_passed_over_at_once() {
    assert_eq!(call(&[Server::Unavailable, Server::Answers], Protocol::Udp), Ok(Duration::ZERO));
}

#[test]
fn silent_server_is_passed_over_after_four_seconds_where_another_is_left() {
    assert_eq!(call(&[Server::Silent, Server::Answers], Protocol::Udp), Ok(Duration::from_secs(4)));
    assert_eq!(call(&[Server::Silent, Server::Silent, Server::Answers], Protocol::Tcp), Ok(Duration::from_secs(8)));
}

#[test]
fn last_server_is_waited_for_until_timer_b() {
    let silent = [Server::Silent, Server::Silent];
    assert_eq!(outcome(&silent, Protocol::Udp, false).1, Duration::from_secs(4 + 32));
    assert_eq!(call(&silent, Protocol::Udp), Err(EndReason::NoResponse));
}

#[test]
fn last_server_is_waited_for_no_longer_where_the_caller_has_an_alternative() {
    let silent = [Server::Silent, Server::Silent];
    assert_eq!(outcome(&silent, Protocol::Udp, true), (Err(EndReason::NoResponse), Duration::from_secs(8)));
    assert_eq!(outcome(&[Server::Answers], Protocol::Udp, true), (Ok(()), Duration::ZERO));
}

/// A server that says nothing for six seconds, and then either that it is ringing or that it answered.
fn wakes_up(late: StatusCode) -> Vec<String> {
    let mut now = Instant::ORIGIN;
    let mut ua = UserAgent::new(Config::default(), Seed::from_number(1), now);
    let account = ua.add_account(now, AccountConfig::local(Uri::parse("sip:alice@10.0.0.2").unwrap()));
    let target = Uri::parse("sip:bob@10.0.1.0").unwrap();
    let invite = Invite { has_alternative: true, ..Invite::new(target, Some(Body::sdp("v=0"))) };
    ua.invite(now, account, invite).unwrap();
    let (mut heard, mut invite) = (Vec::new(), None);
    let wakes = now + Duration::from_secs(6);
    loop {
        match ua.poll_output() {
            Output::Resolve(id, question) => {
                let address = "10.0.1.0:5060".parse().unwrap();
                let remote =
                    Remote { protocol: Protocol::Udp, address, server_name: question.host, path: String::new() };
                ua.handle_input(Input::Resolved(now, id, Ok(vec![remote])));
            }
            Output::Connect(flow, remote) => {
                let local = "10.0.0.2:5060".parse().unwrap();
                let info = FlowInfo { protocol: Protocol::Udp, local, remote: remote.address };
                ua.handle_input(Input::FlowOpened(now, flow, info));
            }
            Output::Transmit(transmit) => {
                let method = Message::parse(&transmit.payload).unwrap().method().to_string();
                if method == "INVITE" {
                    invite = Some(transmit);
                } else {
                    heard.push(method);
                }
            }
            Output::Event(Event::Call(_, CallEvent::Ended(end))) => heard.push(format!("{:?}", end.reason)),
            Output::Event(_) | Output::Close(_) => {}
            Output::Timeout(..) if now == wakes => return heard,
            Output::Timeout(at, _) if at < wakes => {
                now = at;
                ua.handle_input(Input::Timeout(now));
            }
            Output::Timeout(..) => {
                now = wakes;
                let invite = invite.clone().unwrap();
                let mut response = Response::answering(&Message::parse(&invite.payload).unwrap(), late, "b");
                response.headers.push(bellbird_sip::message::HeaderName::Contact, "<sip:bob@10.0.1.0>");
                response.set_body(Some(&Body::sdp("v=0")));
                ua.handle_input(Input::Receive(now, invite.flow, &response.to_bytes()));
            }
        }
    }
}

#[test]
fn server_that_wakes_up_after_it_was_given_up_is_cancelled_or_hung_up() {
    assert_eq!(wakes_up(StatusCode::RINGING), ["NoResponse", "CANCEL"]);
    assert_eq!(wakes_up(StatusCode::OK), ["NoResponse", "ACK", "BYE"]);
}

#[test]
fn connection_that_does_not_come_about_is_given_up_after_five_seconds() {
    assert_eq!(call(&[Server::Silent], Protocol::Tcp), Err(EndReason::Unreachable));
}

#[test]
fn call_ends_where_no_server_is_left() {
    assert_eq!(call(&[Server::Silent], Protocol::Udp), Err(EndReason::NoResponse));
    assert_eq!(call(&[], Protocol::Udp), Err(EndReason::Unreachable));
}

#[test]
fn last_servers_503_is_the_callers_answer() {
    assert_eq!(call(&[Server::Refuses, Server::Unavailable], Protocol::Tcp), Err(EndReason::ServerFailed));
}
