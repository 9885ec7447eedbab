//! What the engine is started with.

use bellbird_engine::{AutoAnswer, EngineConfig, Memory, account_file};
use tauri::{AppHandle, Manager as _};

use crate::options::Options;

/// Accounts that are not written down are numbered far from the kept ones.
const FIRST_UNKEPT: u32 = 1_000_000;

/// The user's own folders and devices, or what the command line says instead; why not, in words.
pub(crate) fn engine_config(app: &AppHandle, options: &Options) -> Result<EngineConfig, String> {
    let memory = match &options.home {
        Some(home) => Memory::SelfContained(home.clone()),
        None if options.accounts.is_some() => Memory::None,
        None => Memory::Folder(app.path().app_data_dir().map_err(|error| error.to_string())?),
    };
    let mut config = EngineConfig::new(memory);
    // A microphone that opens because a caller asks is for the user to allow, and there is no setting for it yet.
    config.auto_answer = AutoAnswer::Never;
    if let Some(file) = &options.accounts {
        let entries = account_file::read(file).map_err(|error| error.to_string())?;
        account_file::add_accounts(&mut config, &entries, FIRST_UNKEPT).map_err(|error| error.to_string())?;
    }
    Ok(config)
}
