//! One thread that writes what the phone wants kept, in the order in which it asks.
//!
//! SQLite waits for the disk and key stores ask the user: neither may hold up a call.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use bellbird_contract::server::ClientId;
use bellbird_contract::{AccountId, ErrorCode, Problem, Secret};
use bellbird_phone::{Loaded, LoadedAccount, LoadedServer, StoreRequest};

use crate::secrets::{SecretError, SecretPlace, Secrets};
use crate::store::{Store, StoreError};

/// Where the phone's memory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// In this folder, secrets in the system's key store if there is one.
    Folder(PathBuf),
    /// In this folder, secrets in an encrypted file there; no key store is asked.
    SelfContained(PathBuf),
    /// Nowhere: all is forgotten at the end.
    None,
}

/// What the thread tells the driver.
#[derive(Debug)]
pub(crate) enum KeeperEvent {
    /// What had been kept, and this installation's instance id.
    Loaded(Box<Loaded>, String),
    /// Something the user has to know.
    Trouble(Problem),
    /// All that was asked for before is on disk.
    Flushed,
}

enum Request {
    Store(Box<StoreRequest>),
    Flush,
}

/// The driver's end of the thread. Dropping it waits until all is written.
pub(crate) struct Keeper {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread, which first says what it finds. `events` is called on it.
    pub(crate) fn start(memory: Memory, events: impl FnMut(KeeperEvent) + Send + 'static) -> io::Result<Self> {
        let (requests, received) = mpsc::channel();
        let thread =
            thread::Builder::new().name("bellbird-keeper".into()).spawn(move || keep(&memory, &received, events))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    pub(crate) fn store(&self, request: StoreRequest) {
        self.send(Request::Store(Box::new(request)));
    }

    /// Asks for [`KeeperEvent::Flushed`] once all that was asked for is written.
    pub(crate) fn flush(&self) {
        self.send(Request::Flush);
    }

    fn send(&self, request: Request) {
        let sent = self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok());
        if !sent {
            tracing::error!("the thread that keeps the history has ended");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps the history had panicked");
        }
    }
}

fn keep(memory: &Memory, requests: &mpsc::Receiver<Request>, mut events: impl FnMut(KeeperEvent)) {
    let mut shelf = Shelf::open(memory, &mut events);
    let (loaded, instance) = shelf.load(&mut events);
    events(KeeperEvent::Loaded(Box::new(loaded), instance));
    for request in requests {
        match request {
            Request::Store(request) => {
                if let Err(problem) = shelf.carry_out(*request) {
                    events(KeeperEvent::Trouble(problem));
                }
            }
            Request::Flush => events(KeeperEvent::Flushed),
        }
    }
}

/// The database and the secrets; either may be missing when its place can't be used.
struct Shelf {
    store: Option<Store>,
    secrets: Option<Secrets>,
}

impl Shelf {
    fn open(memory: &Memory, events: &mut impl FnMut(KeeperEvent)) -> Self {
        let (folder, secrets) = match memory {
            Memory::None => return Self { store: None, secrets: None },
            Memory::Folder(folder) => (folder, Secrets::open(folder)),
            Memory::SelfContained(folder) => (folder, Secrets::in_file(folder)),
        };
        if matches!((memory, secrets.place()), (Memory::Folder(_), SecretPlace::EncryptedFile(_))) {
            events(KeeperEvent::Trouble(Problem::new(ErrorCode::KeyStoreMissing)));
        }
        let store = match Store::open(folder) {
            Ok(opened) => {
                if let Some(aside) = opened.moved_aside {
                    let problem = Problem::new(ErrorCode::StorageDamaged).with("path", aside.display().to_string());
                    events(KeeperEvent::Trouble(problem));
                }
                Some(opened.store)
            }
            Err(error) => {
                events(KeeperEvent::Trouble(store_problem(&error)));
                None
            }
        };
        Self { store, secrets: Some(secrets) }
    }

    fn load(&mut self, events: &mut impl FnMut(KeeperEvent)) -> (Loaded, String) {
        let memory = match self.store.as_ref().map(Store::load) {
            None => crate::store::Memory::default(),
            Some(Ok(memory)) => memory,
            Some(Err(error)) => {
                events(KeeperEvent::Trouble(store_problem(&error)));
                crate::store::Memory::default()
            }
        };
        let accounts = memory
            .accounts
            .into_iter()
            .map(|(id, settings)| LoadedAccount { id, settings, secret: self.secret(id, events), pin: self.pin(id) })
            .collect();
        let instance = self.instance_id();
        let (server, outbox) = (memory.server, memory.outbox);
        let server = server
            .map(|memory| Box::new(LoadedServer { memory, outbox, token: self.secret_named(SERVER_TOKEN, events) }));
        let client = self.store.as_ref().and_then(|store| store.text(CLIENT).ok().flatten()).map(ClientId);
        let (history, audio, preferences) = (memory.history, memory.audio, memory.preferences);
        (Loaded { accounts, history, audio, preferences, server, client }, instance)
    }

    fn secret(&self, id: AccountId, events: &mut impl FnMut(KeeperEvent)) -> Option<Secret> {
        self.secret_named(&secret_name(id), events)
    }

    fn secret_named(&self, name: &str, events: &mut impl FnMut(KeeperEvent)) -> Option<Secret> {
        match self.secrets.as_ref()?.find(name) {
            Ok(secret) => secret.map(Secret::new),
            Err(error) => {
                events(KeeperEvent::Trouble(Problem::new(ErrorCode::StorageFailed).detailed(error.to_string())));
                None
            }
        }
    }

    fn pin(&self, id: AccountId) -> Option<String> {
        self.store.as_ref().and_then(|store| store.text(&pin_name(id)).ok().flatten())
    }

    /// The same over restarts where there is a database (RFC 5626 §4.1).
    fn instance_id(&self) -> String {
        const NAME: &str = "instance";
        let kept = self.store.as_ref().and_then(|store| store.text(NAME).ok().flatten());
        kept.unwrap_or_else(|| {
            let fresh = format!("urn:uuid:{}", uuid::Uuid::new_v4());
            if let Some(Err(error)) = self.store.as_ref().map(|store| store.keep_text(NAME, &fresh)) {
                tracing::warn!("the instance id could not be kept: {error}");
            }
            fresh
        })
    }

    fn carry_out(&mut self, request: StoreRequest) -> Result<(), Problem> {
        match request {
            StoreRequest::SaveSecret(id, secret) => self.keep_secret(&secret_name(id), secret.expose()),
            StoreRequest::DeleteAccount(id) => {
                self.forget_secret(&secret_name(id))?;
                self.with_store(|store| store.forget_text(&pin_name(id)))?;
                self.with_store(|store| store.forget_account(id))
            }
            StoreRequest::SavePin(id, Some(realm)) => self.with_store(|store| store.keep_text(&pin_name(id), &realm)),
            StoreRequest::SavePin(id, None) => self.with_store(|store| store.forget_text(&pin_name(id))),
            StoreRequest::SaveAccount(id, settings) => self.with_store(|store| store.keep_account(id, &settings)),
            StoreRequest::SaveHistory(entry) => self.with_store(|store| store.keep_call(&entry)),
            StoreRequest::DeleteHistory(id) => self.with_store(|store| store.forget_call(&id)),
            StoreRequest::ClearHistory => self.with_store(Store::clear_history),
            StoreRequest::SaveAudio(settings) => self.with_store(|store| store.keep_audio(&settings)),
            StoreRequest::SaveServer(memory) => self.with_store(|store| store.keep_server(&memory)),
            StoreRequest::SaveOutbox(outbox) => self.with_store(|store| store.keep_outbox(&outbox)),
            StoreRequest::SaveServerToken(token) => self.keep_secret(SERVER_TOKEN, token.expose()),
            StoreRequest::ForgetServerToken => self.forget_secret(SERVER_TOKEN),
            StoreRequest::SaveClient(client) => self.with_store(|store| store.keep_text(CLIENT, client.as_str())),
            StoreRequest::ForgetServer => {
                self.forget_secret(SERVER_TOKEN)?;
                self.with_store(Store::forget_server)
            }
            StoreRequest::SavePreferences(preferences) => self.with_store(|store| store.keep_preferences(&preferences)),
        }
    }

    /// Where there is a key store but it did not take the secret, the user has to know.
    fn keep_secret(&self, name: &str, secret: &str) -> Result<(), Problem> {
        self.with_secrets(|secrets| {
            let kept = secrets.keep(name, secret)?;
            Ok(kept == *secrets.place())
        })
        .and_then(|as_usual| match as_usual {
            Some(false) => Err(Problem::new(ErrorCode::KeyStoreMissing)),
            Some(true) | None => Ok(()),
        })
    }

    fn forget_secret(&self, name: &str) -> Result<(), Problem> {
        self.with_secrets(|secrets| secrets.forget(name)).map(|_| ())
    }

    fn with_store(&self, act: impl FnOnce(&Store) -> Result<(), StoreError>) -> Result<(), Problem> {
        self.store.as_ref().map_or(Ok(()), |store| act(store).map_err(|error| store_problem(&error)))
    }

    fn with_secrets<T>(&self, act: impl FnOnce(&Secrets) -> Result<T, SecretError>) -> Result<Option<T>, Problem> {
        let problem = |error: SecretError| Problem::new(ErrorCode::StorageFailed).detailed(error.to_string());
        self.secrets.as_ref().map(|secrets| act(secrets).map_err(problem)).transpose()
    }
}

/// The name of the server's token among the secrets.
const SERVER_TOKEN: &str = "server-token";
/// The name of this client's name on the server among the texts.
const CLIENT: &str = "client";

fn secret_name(id: AccountId) -> String {
    format!("account-{}", id.0)
}

fn pin_name(id: AccountId) -> String {
    format!("pin-{}", id.0)
}

fn store_problem(error: &StoreError) -> Problem {
    let code = match error {
        StoreError::Newer { .. } => ErrorCode::StorageNewer,
        StoreError::Sqlite(_) | StoreError::Migration(_) | StoreError::Io(_) | StoreError::Malformed(_) => {
            ErrorCode::StorageFailed
        }
    };
    Problem::new(code).detailed(error.to_string())
}

#[cfg(test)]
mod tests {
    use bellbird_contract::AccountSettings;

    use super::*;

    #[test]
    fn account_and_secret_come_back_after_a_restart_with_the_same_instance_id() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::SelfContained(folder.path().to_owned());
        let (_, first_instance) = run(&memory, |keeper| {
            keeper.store(StoreRequest::SaveAccount(AccountId(1), AccountSettings::default()));
            keeper.store(StoreRequest::SaveSecret(AccountId(1), Secret::new("trapper7")));
        });
        let (loaded, second_instance) = run(&memory, |_| {});
        assert_eq!(loaded.accounts[0].secret, Some(Secret::new("trapper7")));
        assert_eq!(first_instance, second_instance);
    }

    #[test]
    fn a_realm_that_asked_for_sha_256_is_remembered_until_its_account_goes() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::SelfContained(folder.path().to_owned());
        run(&memory, |keeper| {
            keeper.store(StoreRequest::SaveAccount(AccountId(1), AccountSettings::default()));
            keeper.store(StoreRequest::SavePin(AccountId(1), Some("fiets.example".to_owned())));
        });
        assert_eq!(run(&memory, |_| {}).0.accounts[0].pin.as_deref(), Some("fiets.example"));
        run(&memory, |keeper| keeper.store(StoreRequest::DeleteAccount(AccountId(1))));
        run(&memory, |keeper| keeper.store(StoreRequest::SaveAccount(AccountId(1), AccountSettings::default())));
        assert_eq!(run(&memory, |_| {}).0.accounts[0].pin, None);
    }

    #[test]
    fn a_deleted_account_takes_its_secret_along() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::SelfContained(folder.path().to_owned());
        run(&memory, |keeper| {
            keeper.store(StoreRequest::SaveAccount(AccountId(1), AccountSettings::default()));
            keeper.store(StoreRequest::SaveSecret(AccountId(1), Secret::new("trapper7")));
            keeper.store(StoreRequest::DeleteAccount(AccountId(1)));
        });
        assert!(run(&memory, |_| {}).0.accounts.is_empty());
        assert_eq!(Secrets::in_file(folder.path()).find("account-1").unwrap(), None);
    }

    #[test]
    fn server_and_token_come_back_and_the_clients_name_outlives_the_log_in() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::SelfContained(folder.path().to_owned());
        let kept: bellbird_phone::ServerMemory = serde_json::from_value(serde_json::json!({
            "address": { "secure": true, "host": "bel.fiets.example" },
            "client": "c1",
            "phone": {
                "user": 3, "displayName": "Linda", "addressOfRecord": "601@fiets.example", "domain": "fiets.example",
                "servers": [], "emergencyNumbers": ["112"]
            }
        }))
        .unwrap();
        run(&memory, |keeper| {
            keeper.store(StoreRequest::SaveClient(ClientId("c1".to_owned())));
            keeper.store(StoreRequest::SaveServer(Box::new(kept.clone())));
            keeper.store(StoreRequest::SaveServerToken(Secret::new("token")));
        });
        let loaded = run(&memory, |_| {}).0.server.unwrap();
        assert_eq!((loaded.memory, loaded.token), (kept, Some(Secret::new("token"))));
        run(&memory, |keeper| keeper.store(StoreRequest::ForgetServer));
        let loaded = run(&memory, |_| {}).0;
        assert!(loaded.server.is_none() && loaded.client == Some(ClientId("c1".to_owned())));
        assert_eq!(Secrets::in_file(folder.path()).find("server-token").unwrap(), None);
    }

    fn run(memory: &Memory, act: impl FnOnce(&Keeper)) -> (Loaded, String) {
        let (sender, receiver) = mpsc::channel();
        let keeper = Keeper::start(memory.clone(), move |event| sender.send(event).unwrap()).unwrap();
        act(&keeper);
        drop(keeper);
        receiver
            .into_iter()
            .find_map(|event| match event {
                KeeperEvent::Loaded(loaded, instance) => Some((*loaded, instance)),
                KeeperEvent::Trouble(_) | KeeperEvent::Flushed => None,
            })
            .unwrap()
    }
}
