//! Finding a server, logging in, and being logged out.

use bellbird_base::Duration;
use bellbird_contract::server::{ServerConnection, ServerErrorCode, ServerLogIn, ServerTrouble};
use bellbird_contract::{Command, ErrorCode, Registration, Secret};

use crate::exchange::{INVITATION, LINDA, LINK, PASSWORD};
use crate::handset::{SERVER, Works};

fn failure(works: &Works) -> ServerTrouble {
    match &works.handsets[0].view.server_log_in {
        Some(ServerLogIn::Failed { trouble, .. }) => trouble.clone(),
        other => panic!("{other:?}"),
    }
}

fn code_there(trouble: &ServerTrouble) -> ServerErrorCode {
    let ServerTrouble::There { problem } = trouble else { panic!("{trouble:?}") };
    problem.code
}

fn code_here(trouble: &ServerTrouble) -> ErrorCode {
    let ServerTrouble::Here { problem } = trouble else { panic!("{trouble:?}") };
    problem.code
}

#[test]
fn log_in_brings_the_servers_state_and_a_registered_account() {
    let works = Works::logged_in(1);
    let view = &works.handsets[0].view;
    assert_eq!(view.server_log_in, None);
    assert_eq!(works.server(0).organisation.name, "Fietsen");
    assert_eq!(view.emergency_numbers, ["112", "144"]);
    assert_eq!(view.accounts[0].address, "601@fiets.example");
    assert!(matches!(view.accounts[0].registration, Registration::Registered { .. }));
    assert_eq!(view.accounts[0].settings.auth_name.as_deref(), Some("204"));
    // The server tells clients apart by this name, not by that of the installation.
    assert!(works.handsets[0].registrations[0].contains("urn:uuid:00000000-0000-4000-8000-000000000001"));
    assert!(!works.exchange.applied.is_empty());
}

#[test]
fn wrong_password_is_told_and_the_right_one_works_after_it() {
    let mut works = Works::new(1);
    works.log_in(0, "wrong");
    assert_eq!(code_there(&failure(&works)), ServerErrorCode::WrongCredentials);
    assert!(works.handsets[0].view.server.is_none() && works.handsets[0].view.accounts.is_empty());
    works.log_in(0, PASSWORD);
    assert!(works.is_online(0));
}

/// What the user is asked for: whose password, of which length, and what was wrong with the last one.
fn asked_password(works: &Works) -> (String, Option<u32>, Option<ServerErrorCode>) {
    match &works.handsets[0].view.server_log_in {
        Some(ServerLogIn::NewPassword { login, least, sending: false, trouble, .. }) => {
            (login.clone(), *least, trouble.as_ref().map(code_there))
        }
        other => panic!("{other:?}"),
    }
}

fn choose(works: &mut Works, new: &str) {
    works.command(0, Command::ChooseFirstPassword { new: Secret::new(new) });
}

#[test]
fn first_password_is_chosen_in_the_app_and_the_old_one_is_not_asked_for_again() {
    let mut works = Works::new(1);
    works.exchange.first_password = true;
    works.log_in(0, PASSWORD);
    assert_eq!(asked_password(&works), (LINDA.to_owned(), Some(10), None));
    assert!(works.handsets[0].view.accounts.is_empty());
    choose(&mut works, "short");
    assert_eq!(asked_password(&works).2, Some(ServerErrorCode::PasswordTooShort));
    works.cut(0, true);
    choose(&mut works, "tall green bicycle");
    let Some(ServerLogIn::NewPassword { trouble: Some(ServerTrouble::Here { .. }), .. }) =
        works.handsets[0].view.server_log_in
    else {
        panic!("a lost line leaves the question standing")
    };
    works.cut(0, false);
    choose(&mut works, "tall green bicycle");
    assert!(works.is_online(0), "{:?}", works.handsets[0].view.server_log_in);
    assert_eq!((works.exchange.password.as_str(), works.exchange.first_password), ("tall green bicycle", false));
}

#[test]
fn invitation_sets_the_password_in_the_app_and_logs_in_with_it() {
    let mut works = Works::new(1);
    works.exchange.first_password = true;
    let link = Secret::new(format!("https://{SERVER}/invitation#{INVITATION}"));
    works.command(0, Command::LogInWithLink { link });
    assert_eq!(asked_password(&works), (LINDA.to_owned(), Some(10), None));
    choose(&mut works, "short");
    assert_eq!(asked_password(&works).2, Some(ServerErrorCode::PasswordTooShort));
    choose(&mut works, "tall green bicycle");
    assert!(works.is_online(0), "{:?}", works.handsets[0].view.server_log_in);
    assert_eq!(works.exchange.password, "tall green bicycle");
}

#[test]
fn provisioning_link_of_somebody_without_a_password_asks_for_one_before_it_is_used() {
    let mut works = Works::new(1);
    works.exchange.first_password = true;
    let link = Secret::new(format!("https://{SERVER}/provisioning#{LINK}"));
    works.command(0, Command::LogInWithLink { link });
    assert_eq!(asked_password(&works).2, None);
    assert!(!works.exchange.asked.iter().any(|asked| asked.contains("log-in")), "{:?}", works.exchange.asked);
    choose(&mut works, "tall green bicycle");
    assert!(works.is_online(0));
}

#[test]
fn provisioning_link_logs_in_without_a_password() {
    let mut works = Works::new(1);
    let link = Secret::new(format!("https://{SERVER}/provisioning#{LINK}"));
    works.command(0, Command::LogInWithLink { link });
    assert!(works.is_online(0));
    works.command(0, Command::LogInWithLink { link: Secret::new("https://bel.fiets.example/") });
    assert_eq!(code_here(&failure(&works)), ErrorCode::LinkInvalid);
}

#[test]
fn authority_of_the_link_is_believed_for_calls_too_from_the_first_flow_on_and_after_a_restart() {
    let mut works = Works::new(1);
    let authority = "ab".repeat(32);
    let link = Secret::new(format!("https://{SERVER}/provisioning#{LINK}&authority={authority}"));
    works.command(0, Command::LogInWithLink { link });
    assert!(works.is_online(0));
    let pin = works.handsets[0].pin.clone().expect("it is pinned");
    assert_eq!(pin.authority, authority);
    assert!(pin.names.contains(&"fiets.example".to_owned()), "{pin:?}");
    assert!(!works.handsets[0].believed.is_empty());
    works.restart(0);
    let handset = &works.handsets[0];
    assert_eq!(handset.believed, [Some(pin.clone())]);
    works.log_in(0, PASSWORD);
    assert_eq!(works.handsets[0].pin, Some(pin), "a later log-in at the same server believes it too");
}

#[test]
fn nobody_in_particular_is_believed_where_the_link_names_nobody() {
    let works = Works::logged_in(1);
    assert_eq!(works.handsets[0].pin, None);
    assert!(works.handsets[0].believed.iter().all(Option::is_none));
}

#[test]
fn address_without_a_server_is_told_with_the_one_that_was_meant() {
    let mut works = Works::new(1);
    works.command(0, Command::FindServer { server: SERVER.to_owned() });
    let found = works.handsets[0].view.server_log_in.clone();
    assert!(matches!(found, Some(ServerLogIn::Found { organisation: Some(_), .. })), "{found:?}");
    works.command(0, Command::FindServer { server: "fiets.example".to_owned() });
    assert_eq!(code_here(&failure(&works)), ErrorCode::ServerNotFound);
    let failed = works.handsets[0].view.server_log_in.clone();
    let Some(ServerLogIn::Failed { server, suggestion, .. }) = failed else { panic!() };
    assert_eq!((server.as_str(), suggestion.as_deref()), ("fiets.example", Some(SERVER)));
    works.command(0, Command::FindServer { server: "elsewhere.example".to_owned() });
    let failed = works.handsets[0].view.server_log_in.clone();
    assert!(matches!(failed, Some(ServerLogIn::Failed { suggestion: None, .. })), "{failed:?}");
    works.command(0, Command::FindServer { server: "http://fiets.example".to_owned() });
    assert_eq!(code_here(&failure(&works)), ErrorCode::FieldInvalid);
}

#[test]
fn server_that_goes_and_comes_back_is_found_again_by_itself() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    let ServerConnection::Offline { since, retry_at, .. } = works.server(0).connection.clone() else { panic!() };
    assert!(retry_at.is_some());
    works.wait(Duration::from_secs(300));
    let ServerConnection::Offline { since: still, .. } = works.server(0).connection.clone() else { panic!() };
    assert_eq!(since, still);
    assert_eq!(works.server(0).me.first_name, "Linda");
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert!(works.is_online(0));
}

#[test]
fn network_that_comes_back_is_tried_at_once() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.wait(Duration::from_secs(300));
    works.cut(0, false);
    works.input(0, bellbird_phone::Input::NetworkChanged(works.now));
    assert!(works.is_online(0));
}

#[test]
fn revoked_client_is_logged_out_in_words_and_its_account_goes_after_the_call() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::Dial { target: "602".into(), account: None, withhold: false });
    let call = works.handsets[0].view.calls[0].id;
    works.exchange.revoke();
    works.settle();
    let ServerConnection::LoggedOut { trouble } = works.server(0).connection.clone() else { panic!() };
    assert_eq!(code_there(&trouble), ServerErrorCode::ClientRevoked);
    assert_eq!(works.handsets[0].kept.token, None);
    assert_eq!(works.handsets[0].view.accounts.len(), 1, "the call goes on");
    works.command(0, Command::HangUp { call });
    assert!(works.handsets[0].view.accounts.is_empty());
    let tries = works.exchange.asked.len();
    works.wait(Duration::from_secs(600));
    assert_eq!(works.exchange.asked.len(), tries, "only a log-in helps");
    works.log_in(0, PASSWORD);
    assert!(works.is_online(0) && works.handsets[0].view.accounts.len() == 1);
}

#[test]
fn app_that_is_too_old_says_so_and_still_calls() {
    let mut works = Works::logged_in(1);
    works.exchange.hello = (7, 9);
    works.cut(0, true);
    works.cut(0, false);
    works.command(0, Command::TryServerNow);
    let ServerConnection::Offline { trouble, .. } = works.server(0).connection.clone() else { panic!() };
    assert_eq!(code_here(&trouble), ErrorCode::ClientTooOld);
    works.command(0, Command::Dial { target: "602".into(), account: None, withhold: false });
    assert!(works.handsets[0].sip.iter().any(|line| line.starts_with("INVITE sip:602@fiets.example")));
}

#[test]
fn logging_out_forgets_all_but_the_clients_name() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::LogOutOfServer);
    let handset = &works.handsets[0];
    assert!(handset.view.server.is_none() && handset.view.accounts.is_empty());
    assert!(handset.kept.server.is_none() && handset.kept.token.is_none() && handset.kept.accounts.is_empty());
    assert!(works.exchange.asked.contains(&"DELETE /sessions/current".to_owned()));
    let client = handset.kept.client.clone().unwrap();
    works.log_in(0, PASSWORD);
    assert_eq!(works.handsets[0].kept.client, Some(client));
}

#[test]
fn restart_without_a_line_shows_the_last_state_and_connects_later() {
    let mut works = Works::logged_in(1);
    works.wait(Duration::from_secs(5));
    works.handsets[0].cut = true;
    works.restart(0);
    assert!(matches!(works.server(0).connection, ServerConnection::Offline { .. }));
    assert_eq!(works.server(0).me.first_name, "Linda");
    works.handsets[0].cut = false;
    works.wait(Duration::from_secs(61));
    assert!(works.is_online(0));
    assert_eq!(works.handsets[0].view.accounts.len(), 1);
}
