use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn network(link: Link) -> Network {
    Network::new(&Seed::from_number(7), link)
}

/// Everything that arrives, with the time in ms.
fn drain(network: &mut Network) -> Vec<(u64, Arrival)> {
    let mut arrivals = Vec::new();
    while let Some(next) = network.next_arrival() {
        network.advance(next);
        while let Some(arrival) = network.receive() {
            arrivals.push((network.now().as_millis(), arrival));
        }
    }
    arrivals
}

fn payloads(network: &mut Network) -> Vec<u8> {
    let datagram = |(_, arrival)| {
        let Arrival::Datagram { payload, .. } = arrival else { return None };
        Some(payload[0])
    };
    drain(network).into_iter().filter_map(datagram).collect()
}

#[test]
fn datagram_arrives_after_the_delay() {
    let mut network = network(Link::after(Duration::from_millis(20)));
    network.send(at("10.0.0.1:1"), at("10.0.0.2:2"), vec![1]);
    assert_eq!(network.receive(), None);
    let expected = Arrival::Datagram { from: at("10.0.0.1:1"), to: at("10.0.0.2:2"), payload: vec![1] };
    assert_eq!(drain(&mut network), [(20, expected)]);
}

#[test]
fn nothing_passes_a_link_that_is_down() {
    let mut network = network(Link::PERFECT);
    network.set_link("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap(), Link::DOWN);
    network.send(at("10.0.0.1:1"), at("10.0.0.2:2"), vec![1]);
    network.send(at("10.0.0.1:1"), at("10.0.0.3:2"), vec![3]);
    assert_eq!(payloads(&mut network), [3]);
    assert_eq!((network.datagrams_sent(), network.datagrams_lost()), (2, 1));
}

#[test]
fn datagrams_are_duplicated_and_reordered() {
    let link = Link::after(Duration::from_millis(20)).duplicating(0.5).reordering(0.2, Duration::from_millis(50));
    let mut network = network(link);
    for number in 0..50 {
        network.send(at("10.0.0.1:1"), at("10.0.0.2:2"), vec![number]);
        network.advance(network.now() + Duration::from_millis(5));
    }
    let arrived = payloads(&mut network);
    assert!((60..90).contains(&arrived.len()), "{}", arrived.len());
    assert!(!arrived.is_sorted());
}

#[test]
fn same_seed_gives_the_same_run() {
    let run = || {
        let mut network =
            network(Link::after(Duration::from_millis(20)).losing(0.3).jittering(Duration::from_millis(40)));
        for number in 0..100 {
            network.send(at("10.0.0.1:1"), at("10.0.0.2:2"), vec![number]);
        }
        drain(&mut network)
    };
    assert_eq!(run(), run());
}

#[test]
fn nat_shows_its_own_address_and_lets_answers_in() {
    let mut network = network(Link::PERFECT);
    network.add_nat(Nat::new("198.51.100.1".parse().unwrap(), ["10.0.0.1".parse().unwrap()]));
    network.send(at("10.0.0.1:1"), at("192.0.2.1:2"), vec![1]);
    let [(_, Arrival::Datagram { from, .. })] = &drain(&mut network)[..] else { panic!("one datagram") };
    assert_eq!(from.ip(), "198.51.100.1".parse::<IpAddr>().unwrap());
    network.send(at("192.0.2.1:2"), *from, vec![2]);
    network.send(at("192.0.2.9:2"), *from, vec![3]);
    let expected = Arrival::Datagram { from: at("192.0.2.1:2"), to: at("10.0.0.1:1"), payload: vec![2] };
    assert_eq!(drain(&mut network), [(0, expected)]);
}

#[test]
fn after_rebinding_the_old_address_is_dead() {
    let mut network = network(Link::PERFECT);
    network.add_nat(Nat::new("198.51.100.1".parse().unwrap(), ["10.0.0.1".parse().unwrap()]));
    network.send(at("10.0.0.1:1"), at("192.0.2.1:2"), vec![1]);
    let [(_, Arrival::Datagram { from: before, .. })] = &drain(&mut network)[..] else { panic!("one datagram") };
    network.rebind("198.51.100.1".parse().unwrap());
    network.send(at("192.0.2.1:2"), *before, vec![2]);
    assert!(drain(&mut network).is_empty());
    network.send(at("10.0.0.1:1"), at("192.0.2.1:2"), vec![3]);
    let [(_, Arrival::Datagram { from: after, .. })] = &drain(&mut network)[..] else { panic!("one datagram") };
    assert_ne!(before, after);
}

/// What the server end of a stream got.
fn received(arrivals: &[(u64, Arrival)]) -> Vec<u8> {
    let bytes = arrivals.iter().filter_map(|(_, arrival)| {
        let Arrival::Bytes { end: StreamEnd::Server, payload, .. } = arrival else { return None };
        Some(&payload[..])
    });
    bytes.collect::<Vec<_>>().concat()
}

#[test]
fn stream_keeps_the_order_over_a_bad_link() {
    let link = Link::after(Duration::from_millis(20)).losing(0.3).jittering(Duration::from_millis(100));
    let mut network = network(link);
    network.listen(at("10.0.0.2:2"));
    let stream = network.connect(at("10.0.0.1:1"), at("10.0.0.2:2"));
    let sent: Vec<u8> = (0..10_000_u32).map(|number| (number % 251) as u8).collect();
    for piece in sent.chunks(700) {
        network.write(stream, StreamEnd::Client, piece);
    }
    network.close(stream, StreamEnd::Client);
    let arrivals = drain(&mut network);
    assert_eq!(received(&arrivals), sent);
    let last = arrivals.iter().rfind(|(_, arrival)| arrival.local() == at("10.0.0.2:2"));
    assert!(matches!(last, Some((_, Arrival::Closed { .. }))));
}

#[test]
fn both_ends_learn_that_a_stream_is_open() {
    let mut network = network(Link::after(Duration::from_millis(10)));
    network.listen(at("10.0.0.2:2"));
    let stream = network.connect(at("10.0.0.1:1"), at("10.0.0.2:2"));
    let (client, server) = (at("10.0.0.1:1"), at("10.0.0.2:2"));
    assert_eq!(
        drain(&mut network),
        [
            (10, Arrival::Opened { stream, end: StreamEnd::Server, local: server, remote: client }),
            (20, Arrival::Opened { stream, end: StreamEnd::Client, local: client, remote: server }),
        ]
    );
}

#[test]
fn stream_to_nobody_is_refused() {
    let mut network = network(Link::after(Duration::from_millis(10)));
    let stream = network.connect(at("10.0.0.1:1"), at("10.0.0.2:2"));
    let closed = Arrival::Closed { stream, end: StreamEnd::Client, local: at("10.0.0.1:1") };
    assert_eq!(drain(&mut network), [(20, closed)]);
}

#[test]
fn rebinding_kills_streams_without_a_word() {
    let mut network = network(Link::PERFECT);
    network.add_nat(Nat::new("198.51.100.1".parse().unwrap(), ["10.0.0.1".parse().unwrap()]));
    network.listen(at("192.0.2.1:2"));
    let stream = network.connect(at("10.0.0.1:1"), at("192.0.2.1:2"));
    assert_eq!(drain(&mut network).len(), 2);
    network.write(stream, StreamEnd::Client, b"x");
    network.rebind("198.51.100.1".parse().unwrap());
    network.write(stream, StreamEnd::Server, b"y");
    assert!(drain(&mut network).is_empty());
}

#[test]
fn cut_stream_delivers_nothing_more() {
    let mut network = network(Link::PERFECT);
    network.listen(at("10.0.0.2:2"));
    let stream = network.connect(at("10.0.0.1:1"), at("10.0.0.2:2"));
    drain(&mut network);
    network.write(stream, StreamEnd::Client, b"x");
    network.cut(stream);
    network.close(stream, StreamEnd::Client);
    assert!(drain(&mut network).is_empty());
}
