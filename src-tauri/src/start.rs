//! What the engine is started with.

use bellbird_engine::{EngineConfig, Memory};
use tauri::{AppHandle, Manager as _};

use crate::options::Options;

/// The user's own folders and devices, or what the command line says instead.
pub(crate) fn engine_config(app: &AppHandle, options: &Options) -> Result<EngineConfig, String> {
    let memory = match &options.home {
        Some(home) => Memory::SelfContained(home.clone()),
        None if options.accounts.is_some() => Memory::None,
        None => Memory::Folder(app.path().app_data_dir().map_err(|error| error.to_string())?),
    };
    Ok(EngineConfig::new(memory))
}
