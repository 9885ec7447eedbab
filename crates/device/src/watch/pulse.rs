//! The sound server's own news, over a connection of their own.

use std::io::{self, BufReader, Cursor, Read as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, Prop, Props, ProtocolError, SetClientNameReply,
    SubscriptionEvent, SubscriptionEventFacility, SubscriptionEventType, SubscriptionMask,
};

use super::Source;

/// News are a few dozen bytes long.
const LONGEST_MESSAGE: u32 = 64 * 1_024;

type Server = BufReader<UnixStream>;

pub(super) fn subscribe() -> io::Result<Source> {
    let socket = pulseaudio::socket_path_from_env().ok_or(io::ErrorKind::NotFound)?;
    let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    subscribe_at(&socket, cookie)
}

fn subscribe_at(socket: &Path, cookie: Vec<u8>) -> io::Result<Source> {
    let stream = UnixStream::connect(socket)?;
    let handle = stream.try_clone()?;
    let mut server = BufReader::new(stream);
    let version = greet(&mut server, cookie).map_err(io::Error::other)?;
    let next = move || loop {
        if is_news(&read_message(&mut server)?, version) {
            return Ok(());
        }
    };
    // Whether it was still connected does not matter.
    let stop = move || drop(handle.shutdown(Shutdown::Both));
    Ok((Box::new(next), Box::new(stop)))
}

/// Logs in and subscribes; gives the protocol's version.
fn greet(server: &mut Server, cookie: Vec<u8>) -> Result<u16, ProtocolError> {
    let login = AuthParams { version: protocol::MAX_VERSION, supports_shm: false, supports_memfd: false, cookie };
    let reply: AuthReply = ask(server, 0, &Command::Auth(login), protocol::MAX_VERSION)?;
    let version = reply.version.min(protocol::MAX_VERSION);
    let mut properties = Props::new();
    properties.set(Prop::ApplicationName, c"Bellbird");
    let _: SetClientNameReply = ask(server, 1, &Command::SetClientName(properties), version)?;
    let kinds = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
    protocol::write_command_message(server.get_mut(), 2, &Command::Subscribe(kinds), version)?;
    protocol::read_ack_message(server)?;
    Ok(version)
}

fn ask<R: CommandReply>(server: &mut Server, number: u32, command: &Command, version: u16) -> Result<R, ProtocolError> {
    protocol::write_command_message(server.get_mut(), number, command, version)?;
    Ok(protocol::read_reply_message(server, version)?.1)
}

/// A whole message, so that one which is not understood does not spoil those after it.
fn read_message(server: &mut Server) -> io::Result<Vec<u8>> {
    let length = protocol::read_descriptor(server).map_err(io::Error::other)?.length;
    if length > LONGEST_MESSAGE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; usize::try_from(length).unwrap_or(0)];
    server.read_exact(&mut message)?;
    Ok(message)
}

/// A volume that is moved, or a device that begins to play, changes nothing in the list; a new default device does.
fn is_news(message: &[u8], version: u16) -> bool {
    match Command::read_tag_prefixed(&mut Cursor::new(message), version) {
        Ok((_, Command::SubscribeEvent(SubscriptionEvent { event_facility, event_type, .. }))) => {
            event_facility == SubscriptionEventFacility::Server || event_type != SubscriptionEventType::Changed
        }
        Ok(_) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::thread;

    use super::*;
    use crate::watch::Watch;

    const VERSION: u16 = 35;

    fn socket(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("bellbird-watch-{name}-{}", std::process::id()))
    }

    /// A server that lets anybody in, says these things and hangs up.
    fn serve(socket: &Path, events: Vec<SubscriptionEvent>) -> thread::JoinHandle<SubscriptionMask> {
        let listener = UnixListener::bind(socket).unwrap();
        thread::spawn(move || {
            let mut client = BufReader::new(listener.accept().unwrap().0);
            let mut asked = || protocol::read_command_message(&mut client, VERSION).unwrap();
            assert!(matches!(asked(), (0, Command::Auth(_))));
            let mut out = client.get_ref().try_clone().unwrap();
            let login = AuthReply { version: VERSION, use_memfd: false, use_shm: false };
            protocol::write_reply_message(&mut out, 0, &login, VERSION).unwrap();
            let mut asked = || protocol::read_command_message(&mut client, VERSION).unwrap();
            assert!(matches!(asked(), (1, Command::SetClientName(_))));
            protocol::write_reply_message(&mut out, 1, &SetClientNameReply { client_id: 7 }, VERSION).unwrap();
            let (2, Command::Subscribe(kinds)) = asked() else { panic!("nothing was subscribed to") };
            protocol::write_ack_message(&mut out, 2).unwrap();
            for event in events {
                let event = Command::SubscribeEvent(event);
                protocol::write_command_message(&mut out, u32::MAX, &event, VERSION).unwrap();
            }
            kinds
        })
    }

    const fn event(event_facility: SubscriptionEventFacility, event_type: SubscriptionEventType) -> SubscriptionEvent {
        SubscriptionEvent { event_facility, event_type, index: Some(3) }
    }

    #[test]
    fn devices_that_come_or_go_and_a_new_default_are_news_but_volumes_are_not() {
        use SubscriptionEventFacility::{Server, Sink, Source};
        use SubscriptionEventType::{Changed, New, Removed};
        let socket = socket("news");
        let events = vec![event(Sink, Changed), event(Sink, New), event(Source, Removed), event(Server, Changed)];
        let server = serve(&socket, events);
        let (mut next, _stop) = subscribe_at(&socket, Vec::new()).unwrap();
        let devices = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
        assert_eq!(server.join().unwrap(), devices);
        let news = std::iter::from_fn(|| next().ok()).count();
        std::fs::remove_file(socket).unwrap();
        assert_eq!(news, 3);
    }

    #[test]
    fn the_end_of_the_server_is_news_and_the_end_of_the_watch() {
        let socket = socket("end");
        let server = serve(&socket, Vec::new());
        let (next, stop) = subscribe_at(&socket, Vec::new()).unwrap();
        let (told, news) = std::sync::mpsc::channel();
        let watch = Watch::spawn(next, stop, move || told.send(()).unwrap_or_default()).unwrap();
        server.join().unwrap();
        std::fs::remove_file(socket).unwrap();
        news.recv().unwrap();
        // The sender goes with the thread.
        assert!(news.recv().is_err());
        drop(watch);
    }

    #[test]
    fn a_watch_that_is_dropped_ends_though_the_server_is_silent() {
        let socket = socket("drop");
        let listener = UnixListener::bind(&socket).unwrap();
        let silent = thread::spawn(move || listener.accept().unwrap().0);
        let stream = UnixStream::connect(&socket).unwrap();
        let _held = silent.join().unwrap();
        let handle = stream.try_clone().unwrap();
        let mut server = BufReader::new(stream);
        let next = move || read_message(&mut server).map(drop);
        let stop = move || drop(handle.shutdown(Shutdown::Both));
        let watch = Watch::spawn(Box::new(next), Box::new(stop), || {}).unwrap();
        assert!(!watch.is_over());
        drop(watch);
        std::fs::remove_file(socket).unwrap();
    }
}
