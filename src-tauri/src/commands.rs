//! What the page may ask for. Each forwards.

use bellbird_contract::{Command, PhoneView};
use tauri::State;

use crate::app::Desktop;

/// The view as it stands.
#[tauri::command]
pub(crate) fn phone_view(desktop: State<'_, Desktop>) -> PhoneView {
    desktop.view()
}

/// Something that the user wants.
#[tauri::command]
pub(crate) fn phone_command(desktop: State<'_, Desktop>, command: Command) {
    desktop.command(command);
}
