//! The phone itself: takes commands and inputs, keeps everything together, gives outputs.

mod accounts;
mod agent_events;
mod calling;
mod ending;
mod negotiation;
mod server;
mod transfer;

use std::collections::{BTreeMap, VecDeque};

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Rng, Seed};
use bellbird_contract::{
    AccountId, AudioRole, AudioSettings, AudioTest, AudioView, CallId, Command, Connectivity, ErrorCode, HistoryId,
    LookUp, Notice, NoticeId, PhoneView, Preferences, Problem, Timestamp,
};
use bellbird_sip::agent::{self, UserAgent};
use bellbird_sip::status::StatusCode;

use crate::account::{Account, Reach};
use crate::call::{Call, Phase};
use crate::clock::WallClock;
use crate::history::History;
use crate::io::{Config, DevicesNow, Input, Loaded, MediaEvent, MediaRequest, Output, Sound, SoundTest, StoreRequest};
use crate::look_up::look_up;
use crate::server::Server;
use crate::sound::{is_going_on, sound_of};
use crate::target::Target;
use accounts::Trial;

/// How long a notice that answers a command stays.
const NOTICE_SHOWN: Duration = Duration::from_secs(10);
/// How long registrars get to answer when the program ends.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the other side of a call gets to hear that it is over when the program ends: three lost datagrams are made
/// up for in that time.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A phone: several accounts, several calls, one of them active at a time.
///
/// Mutate it with [`handle_command`](Self::handle_command) or [`handle_input`](Self::handle_input), then drain
/// [`poll_output`](Self::poll_output) until it gives [`Output::Timeout`]. Nothing that comes from the network or from a
/// user is an error: what the user has to know is in the view.
#[derive(Debug)]
pub struct Phone {
    agent: UserAgent,
    rng: Rng,
    now: Instant,
    clock: WallClock,
    config: Config,
    accounts: Vec<Account>,
    trial: Option<Trial>,
    flows: BTreeMap<FlowId, FlowInfo>,
    calls: Vec<Call>,
    last_call: u32,
    history: History,
    look_up: LookUp,
    link: Option<String>,
    audio: Audio,
    preferences: Preferences,
    notices: Vec<(Notice, Instant)>,
    last_notice: u32,
    offline_since: Option<Timestamp>,
    server: Server,
    presence: server::Presence,
    leaving: Leaving,
    outputs: VecDeque<Output>,
    shown: View,
}

#[derive(Debug, Default)]
struct Audio {
    settings: AudioSettings,
    devices: DevicesNow,
    test: AudioTest,
    sound: Sound,
}

/// Whether the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    Since(Instant),
    Gone,
}

/// What the UI was told last.
#[derive(Debug)]
enum View {
    /// Nothing yet, or something may have changed since.
    Stale(PhoneView),
    Told(PhoneView),
}

impl Phone {
    /// A phone without accounts: give it [`Input::Loaded`] next.
    pub fn new(config: Config, seed: Seed, now: Instant) -> Self {
        let mut rng = Rng::new(&seed);
        let clock = WallClock::new(now, config.clock);
        let server = Server::new(&rng.fork(), now, clock, config.client_name.clone());
        Self {
            agent: UserAgent::new(config.sip.clone(), rng.fork(), now),
            rng,
            now,
            clock,
            config,
            accounts: Vec::new(),
            trial: None,
            flows: BTreeMap::new(),
            calls: Vec::new(),
            last_call: 0,
            history: History::default(),
            look_up: LookUp::default(),
            link: None,
            audio: Audio::default(),
            preferences: Preferences::default(),
            notices: Vec::new(),
            last_notice: 0,
            offline_since: None,
            server,
            presence: server::Presence::default(),
            leaving: Leaving::No,
            outputs: VecDeque::new(),
            shown: View::Stale(PhoneView::default()),
        }
    }

    /// Does what the user wants.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        self.now = now;
        self.changed();
        match command {
            Command::TestAccount { account } => self.try_account(&account),
            Command::CancelAccountTest => self.cancel_trial(),
            Command::AddAccount { account } => self.add_account(&account),
            Command::EditAccount { id, account } => self.edit_any_account(id, account),
            Command::RemoveAccount { id } if self.server.account() == Some(id) => {
                self.server_command(&Command::LogOutOfServer);
            }
            Command::RemoveAccount { id } => self.remove_account(id),
            Command::SetDefaultAccount { id } => self.set_preferences(|it| it.default_account = Some(id)),
            Command::Register { id } => self.register(id),
            Command::LookUp { text } => self.look_up(&text),
            Command::OpenLink { link } => self.open_link(&link),
            Command::Dial { target, account, withhold } => self.dial(&target, account, withhold),
            Command::Redial => self.redial(),
            Command::Answer { call } => self.answer(call),
            Command::Decline { call } | Command::HangUp { call } => self.hang_up(call),
            Command::DismissCall { call } => self.calls.retain(|it| it.id != call || !it.is_over()),
            Command::Hold { call } => self.set_hold(call, true),
            Command::Resume { call } => self.resume(call),
            Command::Swap => self.swap(),
            Command::Mute { call, muted } => self.mute(call, muted),
            Command::SendDigits { call, digits } => self.send_digits(call, &digits),
            Command::TransferBlind { call, target } => self.transfer_blind(call, &target),
            Command::TransferAskFirst { call, target } => self.transfer_ask_first(call, &target),
            Command::CompleteTransfer { call } => self.complete_transfer(call),
            Command::CancelTransfer { call } => self.cancel_transfer(call),
            Command::TransferToCall { call, other } => self.transfer_to_call(call, other),
            Command::MarkMissedSeen => self.mark_missed_seen(),
            Command::DeleteHistory { id } => self.delete_history(&id),
            Command::ClearHistory => self.clear_history(),
            Command::SetAudio { settings } => self.set_audio(settings),
            Command::PlayTestSound { role } => self.test_sound(SoundTest::Play(role)),
            Command::StartMeter => self.test_sound(SoundTest::Meter),
            Command::RecordAndPlayBack => self.test_sound(SoundTest::RecordAndPlayBack),
            Command::StopAudioTest => self.test_sound(SoundTest::Stop),
            Command::SetLanguage { language } => self.set_language(language),
            Command::SetTheme { theme } => self.set_preferences(|it| it.theme = theme),
            Command::SetCountry { country } => self.set_preferences(|it| it.country = country),
            Command::DismissNotice { id } => self.notices.retain(|(notice, _)| notice.id != id),
            Command::Quit => self.quit(),
            command @ (Command::FindServer { .. }
            | Command::LogInToServer { .. }
            | Command::LogInWithLink { .. }
            | Command::ChooseFirstPassword { .. }
            | Command::CancelServerLogIn
            | Command::LogOutOfServer
            | Command::TryServerNow
            | Command::ChangePassword { .. }
            | Command::SetReceiveCalls { .. }
            | Command::SetMakeCalls { .. }
            | Command::SetCallMethod { .. }
            | Command::SetDnd { .. }
            | Command::SetAvailability { .. }
            | Command::SetForwarding { .. }
            | Command::SetCallsFromUserAccount { .. }
            | Command::SetDeskPhone { .. }
            | Command::EditProfile { .. }
            | Command::AskForChange { .. }
            | Command::WithdrawRequest { .. }
            | Command::AskWhy { .. }
            | Command::CloseWhy
            | Command::CancelServerCall { .. }
            | Command::DismissRefusal) => self.server_command(&command),
            Command::Unknown => {}
        }
    }

    /// Refuses an incoming call with a status of the driver's choosing, for programs that decide by themselves.
    pub fn reject(&mut self, now: Instant, call: CallId, status: StatusCode) {
        self.now = now;
        self.changed();
        self.reject_with(call, status);
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Timeout(now) => {
                self.agent_input(now, agent::Input::Timeout(now));
                self.wake_up();
            }
            Input::Receive(now, flow, bytes) => self.agent_input(now, agent::Input::Receive(now, flow, bytes)),
            Input::FlowOpened(now, flow, info) => {
                self.flows.insert(flow, info);
                self.agent_input(now, agent::Input::FlowOpened(now, flow, info));
            }
            Input::FlowClosed(now, flow, end) => {
                self.flows.remove(&flow);
                self.agent_input(now, agent::Input::FlowClosed(now, flow, end));
            }
            Input::Resolved(now, id, answer) => self.agent_input(now, agent::Input::Resolved(now, id, answer)),
            Input::Resume(now) => {
                self.agent_input(now, agent::Input::Resume(now));
                self.rebuild_server();
            }
            Input::NetworkChanged(now) => {
                self.agent_input(now, agent::Input::NetworkChanged(now));
                self.rebuild_server();
            }
            Input::Http(now, id, answer) => self.server_answered(now, id, &answer),
            Input::Events(now, id, event) => self.server_event(now, id, event),
            Input::Clock(now, shown) => {
                self.now = now;
                self.clock = WallClock::new(now, shown);
            }
            Input::Loaded(now, loaded) => self.load(now, *loaded),
            Input::Media(now, event) => {
                self.now = now;
                self.changed();
                self.handle_media(event);
            }
            Input::Trouble(now, problem) => {
                self.now = now;
                self.notice(problem, Instant::FAR_FUTURE);
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output {
        loop {
            // The user agent may open a flow next.
            if let Some(pin) = self.presence.pin.take() {
                return Output::Pin(pin);
            }
            match self.agent.poll_output() {
                agent::Output::Transmit(transmit) => return Output::Transmit(transmit),
                agent::Output::Connect(flow, remote) => return Output::Connect(flow, remote),
                agent::Output::Close(flow) => return self.close(flow),
                agent::Output::Resolve(id, question) => return Output::Resolve(id, question),
                agent::Output::Event(event) => self.handle_agent_event(event),
                // What the server's side asks for may be work for the user agent.
                agent::Output::Timeout(..) if self.serve() => {}
                agent::Output::Timeout(at, _) => return self.own_output(at),
            }
        }
    }

    /// The view as it stands, for a UI that mounts.
    pub fn view(&self) -> PhoneView {
        let revision = match &self.shown {
            View::Stale(view) | View::Told(view) => view.revision,
        };
        let (server, server_log_in) = self.server.view();
        PhoneView {
            revision,
            accounts: self.accounts.iter().map(Account::view).collect(),
            default_account: self.default_account().map(|account| account.id),
            account_test: self.trial.as_ref().and_then(Trial::view),
            calls: self.calls.iter().map(Call::view).collect(),
            history: self.history.entries().to_vec(),
            missed: self.history.missed(),
            look_up: self.look_up.clone(),
            link: self.link.clone(),
            connectivity: self.connectivity(),
            emergency_numbers: self.emergency().list(),
            audio: self.audio_view(),
            preferences: self.preferences.clone(),
            notices: self.notices.iter().map(|(notice, _)| notice.clone()).collect(),
            server,
            server_log_in,
        }
    }

    fn agent_input(&mut self, now: Instant, input: agent::Input<'_>) {
        self.now = now;
        self.agent.handle_input(input);
    }

    fn close(&mut self, flow: FlowId) -> Output {
        self.flows.remove(&flow);
        Output::Close(flow)
    }

    /// What comes after the user agent has nothing more.
    fn own_output(&mut self, agent_wakes: Instant) -> Output {
        self.refresh();
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if let Some(view) = self.new_view() {
            return Output::View(Box::new(view));
        }
        if self.is_gone() {
            self.leaving = Leaving::Gone;
            return Output::Finished;
        }
        Output::Timeout(self.wakes().map_or(agent_wakes, |own| own.min(agent_wakes)))
    }

    /// Brings what follows from the rest up to date: shown states, connectivity, sound.
    fn refresh(&mut self) {
        let now = self.clock.at(self.now);
        self.follow_server();
        let busy = self.calls.iter().any(is_going_on);
        for call in &mut self.calls {
            call.refresh(now, busy);
        }
        let mut registering = self.accounts.iter().filter(|account| account.settings.register).peekable();
        let offline = registering.peek().is_some() && registering.all(|account| account.reach == Reach::Nowhere);
        self.offline_since = offline.then(|| self.offline_since.unwrap_or(now));
        let sound = sound_of(&self.calls, &self.audio.settings, self.preferences.country);
        if sound != self.audio.sound {
            self.audio.sound = sound.clone();
            self.request(MediaRequest::Sound(sound));
        }
    }

    fn new_view(&mut self) -> Option<PhoneView> {
        let View::Stale(old) = &self.shown else { return None };
        let mut view = self.view();
        if view == *old && old.revision > 0 {
            self.shown = View::Told(view);
            return None;
        }
        view.revision = view.revision.wrapping_add(1);
        self.shown = View::Told(view.clone());
        Some(view)
    }

    /// Notes that the view may have changed.
    fn changed(&mut self) {
        if let View::Told(view) = &mut self.shown {
            self.shown = View::Stale(core::mem::take(view));
        }
    }

    /// The next instant at which something of ours is due.
    fn wakes(&self) -> Option<Instant> {
        let calls = self.calls.iter().filter_map(|call| match &call.phase {
            Phase::Ended { until, .. } => Some(*until),
            Phase::Incoming { answer_at, .. } => *answer_at,
            Phase::Calling | Phase::Ringing { .. } | Phase::Answering | Phase::Talking => None,
        });
        let notices = self.notices.iter().map(|(_, until)| *until).filter(|until| *until != Instant::FAR_FUTURE);
        let trial = self.trial.as_ref().and_then(Trial::deadline);
        calls.chain(notices).chain(self.leaves_at()).chain(trial).chain(self.server.wakes()).min()
    }

    /// Does what is due.
    fn wake_up(&mut self) {
        let now = self.now;
        let (calls, notices) = (self.calls.len(), self.notices.len());
        self.calls.retain(|call| !matches!(call.phase, Phase::Ended { until, .. } if until <= now));
        self.notices.retain(|(_, until)| *until > now);
        if (calls, notices) != (self.calls.len(), self.notices.len()) {
            self.changed();
        }
        let due = |call: &&Call| matches!(call.phase, Phase::Incoming { answer_at: Some(at), .. } if at <= now);
        let to_answer: Vec<CallId> = self.calls.iter().filter(due).map(|call| call.id).collect();
        for call in to_answer {
            self.changed();
            self.answer(call);
        }
        self.trial_is_due();
        self.wake_server();
    }

    fn load(&mut self, now: Instant, loaded: Loaded) {
        self.now = now;
        self.changed();
        self.history.load(loaded.history);
        self.preferences = loaded.preferences;
        self.audio.settings = loaded.audio;
        self.request(MediaRequest::Audio(self.audio.settings.clone()));
        self.load_server(loaded.server, loaded.client);
        for account in loaded.accounts {
            self.take_account(account);
        }
    }

    fn quit(&mut self) {
        let going_on: Vec<CallId> = self.calls.iter().filter(|call| !call.is_over()).map(|call| call.id).collect();
        for call in going_on {
            self.hang_up(call);
        }
        self.end_trial();
        self.server.at(self.now, self.clock).quit();
        for account in &self.accounts {
            let _ = self.agent.unregister(self.now, account.agent);
        }
        self.leaving = Leaving::Since(self.now);
    }

    fn is_gone(&self) -> bool {
        self.leaves_at().is_some_and(|at| at <= self.now)
    }

    /// When a program that ends has waited long enough for those who have to hear of it.
    fn leaves_at(&self) -> Option<Instant> {
        use bellbird_contract::Registration::{Failed, Off, Registered, Registering, Unknown};
        let Leaving::Since(since) = self.leaving else { return None };
        let registered = self.accounts.iter().any(|account| match account.registration {
            Registered { .. } | Registering => true,
            Off | Failed { .. } | Unknown => false,
        });
        let patience = match (self.agent.has_unfinished_calls(), registered) {
            (true, _) => LAST_WORDS,
            (false, true) => GOODBYE,
            (false, false) => Duration::ZERO,
        };
        Some(since + patience)
    }

    /// A page or a mail may hold any link, so that it only fills the dial field.
    fn open_link(&mut self, link: &str) {
        let home = self.default_account().map(|account| &account.home);
        let target = Target::parse(link, &self.emergency());
        match target.shown(home) {
            Some(shown) => match self.making_calls_off(&target, None) {
                Some(problem) => self.refuse(problem),
                None => self.link = Some(shown),
            },
            None => self.refuse(Problem::new(ErrorCode::InvalidTarget).with("target", link.trim())),
        }
    }

    fn look_up(&mut self, text: &str) {
        self.link = None;
        let home = self.default_account().map(|account| &account.home);
        let emergency = self.emergency();
        // Colleagues are called over the server's account.
        let of_server = self.default_account().is_some_and(|account| self.server.account() == Some(account.id));
        let colleagues = if of_server { self.server.colleagues() } else { &[] };
        let mut look_up = look_up(text, &emergency, home, self.history.entries(), colleagues);
        if let Some(problem) = self.making_calls_off(&Target::parse(text, &emergency), None) {
            look_up.target = None;
            look_up.problem = Some(problem);
        }
        self.look_up = look_up;
    }

    fn set_preferences(&mut self, change: impl FnOnce(&mut Preferences)) {
        change(&mut self.preferences);
        self.store(StoreRequest::SavePreferences(self.preferences.clone()));
    }

    fn set_audio(&mut self, settings: AudioSettings) {
        self.audio.settings = settings;
        self.request(MediaRequest::Audio(self.audio.settings.clone()));
        self.store(StoreRequest::SaveAudio(self.audio.settings.clone()));
    }

    fn test_sound(&mut self, test: SoundTest) {
        let can = !matches!(test, SoundTest::Play(AudioRole::Microphone | AudioRole::Unknown));
        if can {
            self.request(MediaRequest::Test(test));
        }
    }

    fn mark_missed_seen(&mut self) {
        for entry in self.history.mark_seen() {
            self.store(StoreRequest::SaveHistory(entry));
        }
    }

    fn delete_history(&mut self, id: &HistoryId) {
        if self.history.delete(id) {
            self.store(StoreRequest::DeleteHistory(id.clone()));
        }
    }

    fn clear_history(&mut self) {
        self.history.clear();
        self.store(StoreRequest::ClearHistory);
    }

    fn audio_view(&self) -> AudioView {
        AudioView {
            devices: self.audio.devices.devices.clone(),
            settings: self.audio.settings.clone(),
            in_use: self.audio.devices.in_use.clone(),
            ringtones: self.config.ringtones.clone(),
            test: self.audio.test.clone(),
            problem: self.audio.devices.problem.clone(),
        }
    }

    fn connectivity(&self) -> Connectivity {
        self.offline_since.map_or(Connectivity::Online, |since| Connectivity::Offline { since })
    }

    /// Tells that a command can't be done.
    fn refuse(&mut self, problem: Problem) {
        self.notice(problem, self.now + NOTICE_SHOWN);
    }

    fn notice(&mut self, problem: Problem, until: Instant) {
        self.changed();
        self.notices.retain(|(notice, _)| notice.problem.code != problem.code || problem.code == ErrorCode::Unknown);
        self.last_notice += 1;
        let notice = Notice { id: NoticeId(self.last_notice), at: self.clock.at(self.now), problem };
        self.notices.push((notice, until));
    }

    fn default_account(&self) -> Option<&Account> {
        let chosen = self.preferences.default_account;
        self.accounts.iter().find(|account| Some(account.id) == chosen).or(self.accounts.first())
    }

    fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id && !call.is_over())
    }

    fn call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id && !call.is_over())
    }

    fn request(&mut self, request: MediaRequest) {
        self.outputs.push_back(Output::Media(request));
    }

    fn store(&mut self, request: StoreRequest) {
        self.outputs.push_back(Output::Store(request));
    }

    fn handle_media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Offer(call, sdp) => self.offer_made(call, sdp),
            MediaEvent::Answer(call, sdp) => self.answer_made(call, sdp),
            MediaEvent::Accepted(call) => self.answer_accepted(call),
            MediaEvent::Refused(call, why) => self.media_refused(call, &why),
            MediaEvent::Negotiated(call, agreed) => self.negotiated(call, agreed),
            MediaEvent::Quality(call, sample) => {
                let now = self.now;
                if let Some(call) = self.call_mut(call) {
                    call.quality.note(now, &sample);
                }
            }
            MediaEvent::Silent(call, silent) => self.note_silence(call, silent),
            MediaEvent::Digit(call, digit) => self.note_digit(call, digit),
            MediaEvent::Devices(devices) => self.audio.devices = devices,
            MediaEvent::Test(test) => self.audio.test = test,
        }
    }

    fn note_silence(&mut self, call: CallId, silent: bool) {
        let Some(call) = self.call_mut(call) else { return };
        let told = call.problem.as_ref().is_some_and(|problem| problem.code == ErrorCode::NoAudio);
        if silent {
            call.problem = Some(Problem::new(ErrorCode::NoAudio).with("target", call.who()));
        } else if told {
            call.problem = None;
        }
    }

    fn note_digit(&mut self, call: CallId, digit: char) {
        if let Some(call) = self.call_mut(call) {
            call.received_digits.push(digit);
        }
    }
}
