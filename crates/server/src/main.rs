//! `bellbird-server`: starts the server, and does from the command line what needs no running one.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bellbird_server::admin::{self, AddedOrganisation, NewAdmin, Partner};
use bellbird_server::config::{Config, Flags};
use bellbird_server::edge::{EdgeConfig, SipEdge};
use bellbird_server::serve::{Serving, open_store};
use bellbird_server::tls::ServerTls;
use bellbird_server::{demo, start_up, storage_load, store::sqlite};
use clap::{Parser, Subcommand};

/// The server of Bellbird: people, numbers, call settings and calls.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    /// Fill an empty server with people and phones to look at. On loopback only.
    #[arg(long)]
    demo: bool,
    /// Say whether the configuration is right, and end.
    #[arg(long)]
    check_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// What administrators of the machine do.
    #[command(subcommand)]
    Admin(Chore),
    /// Writes until it is killed: for tests of the storage.
    #[command(hide = true)]
    StorageLoad {
        /// A name for what is written; without one, all names are printed.
        round: Option<u64>,
    },
}

#[derive(Subcommand)]
enum Chore {
    /// Create an administrator; the password is read from standard input.
    CreateAdmin(NewAdmin),
    /// Add an organisation: one server holds several.
    AddOrganisation(AddedOrganisation),
    /// Let somebody administer another organisation too, or no longer.
    Partner(Partner),
    /// Copy the SQLite database to a new file, also while the server runs.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Put a copy in the database's place; the server must not run. What was there is moved aside.
    Restore {
        /// The copy.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bellbird-server: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load(&arguments.flags)?;
    if arguments.check_config {
        check(&config)?;
        say(&format!("the configuration is right: {config:#?}"));
        return Ok(());
    }
    log(&config)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(arguments, config))
}

/// Whether the server would start with it.
fn check(config: &Config) -> anyhow::Result<()> {
    EdgeConfig::new(&config.sip)?;
    ServerTls::check_config(config)?;
    if let Some(portal) = config.portal.as_deref().filter(|folder| !folder.join("portal.html").is_file()) {
        bail!("portal = {portal:?}: there is no portal.html in it. Name the folder that the portal was built into.");
    }
    Ok(())
}

async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    match arguments.command {
        Some(Command::Admin(Chore::CreateAdmin(new))) => {
            let password = std::io::stdin().lock().lines().next().context("type the password on standard input")??;
            admin::create_admin(&open_store(&config).await?, new, &password).await
        }
        Some(Command::Admin(Chore::AddOrganisation(added))) => {
            admin::add_organisation(&open_store(&config).await?, &added).await
        }
        Some(Command::Admin(Chore::Partner(partner))) => admin::partner(&open_store(&config).await?, &partner).await,
        Some(Command::Admin(Chore::Backup { file })) => {
            only_sqlite(&config, "pg_dump")?;
            Ok(sqlite::backup(&config.data, &file)?)
        }
        Some(Command::Admin(Chore::Restore { file })) => {
            only_sqlite(&config, "pg_restore")?;
            if let Some(aside) = sqlite::restore(&config.data, &file)? {
                say(&format!("what was there is now {}", aside.display()));
            }
            Ok(())
        }
        Some(Command::StorageLoad { round: Some(round) }) => {
            storage_load::write(open_store(&config).await?, round).await
        }
        Some(Command::StorageLoad { round: None }) => storage_load::list(open_store(&config).await?).await,
        None => run_server(config, arguments.demo).await,
    }
}

fn only_sqlite(config: &Config, instead: &str) -> anyhow::Result<()> {
    if config.database.is_some() {
        bail!("this server uses PostgreSQL: use {instead} for it");
    }
    Ok(())
}

async fn run_server(config: Config, demo: bool) -> anyhow::Result<()> {
    let config = if demo { config.on_loopback() } else { config };
    let sip = EdgeConfig::new(&config.sip)?;
    if demo && !(config.http.ip().is_loopback() && sip.is_loopback()) {
        bail!("--demo has passwords that everybody knows: it runs on loopback only. Take out `http` and `sip.listen`.");
    }
    let store = open_store(&config).await?;
    if demo {
        for known in demo::seed(&store).await? {
            say(&format!("  {:<24}{:<16}{:<18}{}", known.name, known.login, known.what, known.secret));
        }
    } else if let Some(link) = admin::set_up_link(&store, &config).await? {
        say(&format!("Nobody has set this server up yet. Open this link, which works once:\n  {link}"));
    }
    let tls = ServerTls::start(&config, &store).await?;
    let sip = sip.with_identity(tls.as_ref().map(ServerTls::identity));
    let (edge, sockets) = SipEdge::start(sip, store.clone()).await?;
    for (protocol, address) in sockets {
        say(&format!("bellbird-server listens on {}://{address}", protocol.via_name().to_lowercase()));
    }
    let scheme = if config.http_tls { "https" } else { "http" };
    let listening = |address| {
        say(&format!("bellbird-server listens on {scheme}://{address}"));
        start_up::tell(start_up::READY);
    };
    let ended = async {
        asked_to_end().await;
        tracing::info!("the server ends");
        start_up::tell(start_up::STOPPING);
    };
    Serving { config, store, edge: Arc::new(edge), tls }.run(listening, ended).await
}

async fn asked_to_end() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).context("log: not understood; try info")?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json {
        subscriber.json().init()
    } else {
        subscriber.init()
    }
    Ok(())
}

/// Standard output is for whoever starts the server; nobody may be reading.
fn say(words: &str) {
    writeln!(std::io::stdout(), "{words}").ok();
}
